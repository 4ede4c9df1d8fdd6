// Keeps an open chat up to date and sends without leaving the page. Without this file the forms still work.

const phone = document.querySelector(".phone");
const chat = document.getElementById("chat");
const scroller = document.getElementById("scroller");
const bill = document.getElementById("bill");
const composer = document.getElementById("composer");
const box = document.getElementById("text");
const handler = document.querySelector('button[name="handler"]');

const COPIED_SHOWN_MS = 1500;

function showLocalTimes(root) {
  for (const time of root.querySelectorAll("time[data-at]")) {
    const at = new Date(Number(time.dataset.at) * 1000);
    time.textContent = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    time.dateTime = at.toISOString();
  }
}

function scrollToEnd() {
  scroller.scrollTop = scroller.scrollHeight;
}

// Only what changed is touched, so that a screen reader speaks new messages only and the focus stays where it is.
function show(html) {
  const next = document.createElement("ol");
  next.innerHTML = html;
  showLocalTimes(next);
  const wanted = new Set([...next.children].map((item) => item.id));
  for (const item of [...chat.children]) {
    if (!wanted.has(item.id)) item.remove();
  }
  let grown = false;
  for (const item of [...next.children]) {
    const shown = document.getElementById(item.id);
    if (!shown) {
      chat.append(item);
      grown = true;
    } else if (!shown.isEqualNode(item)) {
      shown.replaceWith(item);
    }
  }
  [...wanted].forEach((id, position) => {
    const item = document.getElementById(id);
    if (chat.children[position] !== item) chat.insertBefore(item, chat.children[position]);
  });
  showHandler();
  if (grown) scrollToEnd();
}

// A message of the business takes the chat over while the page is open.
function showHandler() {
  const isAgent = document.getElementById("agent") !== null;
  handler.setAttribute("aria-checked", String(isAgent));
  handler.value = isAgent ? "business" : "agent";
}

let refreshing = false;
let again = false;

// One request at a time; a change meanwhile asks for one more.
async function refresh() {
  if (refreshing) {
    again = true;
    return;
  }
  refreshing = true;
  try {
    do {
      again = false;
      const [messages, charges] = await Promise.all([fetch(phone.dataset.chat), fetch(phone.dataset.bill)]);
      if (messages.ok) show(await messages.text());
      if (charges.ok) bill.innerHTML = await charges.text();
    } while (again);
  } finally {
    refreshing = false;
  }
}

// A page that shows this phone in a frame measures from the tap. The message says nothing else, so any page may have it.
function tellFrame() {
  if (window.parent !== window) window.parent.postMessage({ phone: "sent" }, "*");
}

async function post(action, fields) {
  const answer = await fetch(action, { method: "POST", body: new URLSearchParams(fields) });
  if (!answer.ok) throw new Error(`the phone answered ${answer.status}`);
}

composer.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!box.value.trim()) return;
  const fields = new FormData(composer);
  const text = box.value;
  box.value = "";
  document.getElementById("hint")?.remove();
  // A reload must not bring the text of the link back.
  history.replaceState(null, "", location.pathname);
  tellFrame();
  try {
    await post(composer.action, fields);
    await refresh();
  } catch {
    box.value = text;
  }
  box.focus();
});

box.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    composer.requestSubmit();
  }
});

chat.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.submitter;
  if (button) button.disabled = true;
  try {
    await post(event.target.action, new FormData(event.target));
    await refresh();
  } finally {
    if (button) button.disabled = false;
  }
});

chat.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const title = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = title; }, COPIED_SHOWN_MS);
});

showLocalTimes(chat);
scrollToEnd();
// A page that shows this phone in a frame keeps its own focus.
if (box.value && window.parent === window) box.focus();
new EventSource(phone.dataset.events).addEventListener("chat", refresh);
