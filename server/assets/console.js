// What the console's pages do beyond what they can without a script: new rows of the log as they come, and the browser's own
// time zone to choose.

/** Most rows that are shown: what is older leaves the page, and stands on the next one. */
const MOST_ROWS = 200;

function cell(name, content, className) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...[content].flat());
  return made;
}

/** Text, or a dash where there is none. */
function shown(text, asCode) {
  if (!text) return cell("span", "–", "none");
  return asCode ? cell("code", text) : text;
}

/** A row as the server's own page writes it. */
function tableRow(row) {
  const time = cell("time", row.ended);
  time.dateTime = row.ended_at;
  const link = cell("a", time);
  link.href = row.href;
  const head = cell("th", link);
  head.scope = "row";
  const outcome = [cell("span", row.outcome, `badge ${row.tone}`)];
  if (row.reason) outcome.push(" ", cell("span", row.reason, "why"));
  const made = document.createElement("tr");
  made.className = "new";
  made.append(
    head,
    cell("td", outcome),
    cell("td", row.app),
    cell("td", row.kind),
    cell("td", shown(row.country)),
    cell("td", shown(row.phone, true)),
    cell("td", shown(row.took), "number"),
  );
  return made;
}

function follow(live) {
  const button = live.querySelector("button");
  const status = live.querySelector("[role=status]");
  const region = document.querySelector("[data-rows]");
  const body = region.querySelector("tbody");
  let source;
  let count = 0;
  let last = new URLSearchParams(new URL(live.dataset.tail, location.href).search).get("after");

  const say = (text) => {
    status.textContent = text;
  };
  const stop = (text) => {
    source?.close();
    source = undefined;
    button.setAttribute("aria-pressed", "false");
    button.textContent = "Follow live";
    say(text);
  };
  const start = () => {
    const address = new URL(live.dataset.tail, location.href);
    // The place that was reached before: a new stream goes on from there.
    address.searchParams.set("after", last);
    source = new EventSource(address);
    button.setAttribute("aria-pressed", "true");
    button.textContent = "Stop following";
    say("Connecting…");
    source.addEventListener("ready", (event) => {
      last = event.lastEventId || last;
      say(count ? `${count} new` : "Waiting for new rows");
    });
    source.addEventListener("row", (event) => {
      last = event.lastEventId || last;
      document.querySelector("[data-empty]")?.remove();
      region.hidden = false;
      body.prepend(tableRow(JSON.parse(event.data)));
      while (body.rows.length > MOST_ROWS) body.lastElementChild.remove();
      count += 1;
      say(`${count} new`);
    });
    source.addEventListener("behind", () => stop("There is more than fits: load the page again."));
    source.addEventListener("error", () => {
      // A stream that ends is opened again by the browser; one that is refused is not.
      if (source?.readyState === EventSource.CLOSED) stop("The live view has ended: load the page again.");
    });
  };
  button.addEventListener("click", () => (source ? stop("") : start()));
  live.hidden = false;
}

function offerZone(input) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!own || own === input.value) return;
  const button = cell("button", `Use ${own}`, "link");
  button.type = "button";
  button.addEventListener("click", () => {
    input.value = own;
    input.form.requestSubmit();
  });
  input.after(button);
}

document.querySelectorAll("[data-tail]").forEach(follow);
document.querySelectorAll("input[data-zone]").forEach(offerZone);
