/** The script of a plain page: what the button tells, on the page and to its server. */

const said = document.getElementById('said');
const told = [];
globalThis.told = told;

for (const name of ['success', 'error', 'expire', 'progress', 'cancel', 'connection-problem']) {
  document.addEventListener(`loggin-${name}`, ({ type, detail, target }) => {
    told.push([type, detail?.status ?? detail?.code ?? null, target.localName]);
  });
}

document.addEventListener('loggin-success', (event) => {
  if (document.querySelector('form')) {
    return;
  }
  const pending = fetch('/login', { method: 'POST', body: JSON.stringify({ token: event.detail.token }) });
  event.waitUntil(
    pending.then(async (response) => {
      if (!response.ok) {
        throw new Error('The app refused.');
      }
      const { phone } = await response.json();
      said.textContent = `Hello ${phone}`;
    }),
  );
});
