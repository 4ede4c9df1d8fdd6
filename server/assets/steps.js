// What happens underneath, step by step: a list whose entries are done one after the other, each with its time.

/** Milliseconds as people read them. */
export function milliseconds(duration) {
  return duration < 10 ? `${duration.toFixed(1)} ms` : `${Math.round(duration).toLocaleString("en")} ms`;
}

/** The last four digits of a phone number: the page may be looked at by others. */
export function masked(phone) {
  return phone === null ? "a number that the app keeps from browsers" : `+${"•".repeat(Math.max(phone.length - 4, 0))}${phone.slice(-4)}`;
}

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

export class Steps {
  #list;
  #entries = new Map();

  /** Shows steps, each an id, a title and what it will say before it is done. */
  constructor(list, steps) {
    this.#list = list;
    for (const [id, title, text] of steps) {
      const item = element("li", "step");
      const said = element("p", "said", text);
      const time = element("span", "time");
      const head = element("p", "head");
      head.append(element("strong", "", title), time);
      item.append(head, said);
      this.#entries.set(id, { item, said, time, text });
    }
    this.reset();
  }

  reset() {
    for (const { item, said, time, text } of this.#entries.values()) {
      item.dataset.state = "waiting";
      said.textContent = text;
      time.textContent = "";
    }
    this.#list.replaceChildren(...[...this.#entries.values()].map(({ item }) => item));
  }

  isDone(id) {
    return this.#entries.get(id).item.dataset.state === "done";
  }

  /** A step is done: what there is to say of it, and how long it took where that is known. */
  done(id, text, duration) {
    const { item, said, time } = this.#entries.get(id);
    item.dataset.state = "done";
    said.textContent = text;
    time.textContent = duration === undefined ? "" : milliseconds(duration);
  }

  /** A step failed, and no other follows. */
  failed(id, text) {
    const { item, said } = this.#entries.get(id);
    item.dataset.state = "failed";
    said.textContent = text;
  }
}
