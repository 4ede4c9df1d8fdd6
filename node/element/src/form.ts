/** A form that is sent once somebody has signed in, so that a page of any server needs no script of its own. */

/**
 * Sends a form as its own button does. It resolves where the form stays: something is lacking, which is said once `uncover`
 * has shown the form, or a listener has kept it. Else it resolves when the person comes back to the page.
 */
export async function sendForm(form: HTMLFormElement, uncover: () => void): Promise<void> {
  if (!form.noValidate && !form.checkValidity()) {
    uncover();
    form.reportValidity();
    return;
  }
  let submitted: Event | undefined;
  const listen = (event: Event): void => {
    submitted = event;
  };
  form.addEventListener('submit', listen, { capture: true, once: true });
  form.requestSubmit();
  form.removeEventListener('submit', listen, { capture: true });
  if (submitted?.defaultPrevented === false) {
    // Nobody is signed in before the server says so, with another page.
    await new Promise((resolve) => {
      addEventListener('pageshow', resolve, { once: true });
    });
  }
}
