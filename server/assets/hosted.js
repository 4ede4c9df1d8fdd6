// The issuer's pages: loads the page again when the login has moved on.

const state = document.getElementById("state");

/** How long until the page is loaded again where there is no stream, in milliseconds. */
const PAUSE = 3_000;

function watch(address) {
  const stream = new EventSource(address);
  const again = () => {
    stream.close();
    location.reload();
  };
  stream.addEventListener("progress", (event) => {
    if (JSON.parse(event.data).status !== state.dataset.state) again();
  });
  stream.addEventListener("verified", again);
  stream.addEventListener("rejected", again);
  // A stream that was cut is opened again by the browser; one that was refused is not. What is being typed stays.
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED && !document.getElementById("digits")) setTimeout(again, PAUSE);
  });
}

if (state?.dataset.watch) watch(state.dataset.watch);
