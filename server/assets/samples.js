// The programs to copy as tabs, by the keys that tabs have. Without this file they stand one below the other.

const COPIED_SHOWN_MS = 1500;

const box = document.getElementById("samples");
const panels = [...box.querySelectorAll(".sample")];

const tabs = panels.map((panel) => {
  const tab = document.createElement("button");
  tab.type = "button";
  tab.id = `${panel.id}-tab`;
  tab.textContent = panel.dataset.title;
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-controls", panel.id);
  tab.addEventListener("click", () => show(tab));
  panel.setAttribute("role", "tabpanel");
  panel.setAttribute("aria-labelledby", tab.id);
  panel.querySelector("h3").remove();
  panel.append(copyButton(panel));
  return tab;
});

function copyButton(panel) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(panel.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => {
      button.textContent = "Copy";
    }, COPIED_SHOWN_MS);
  });
  return button;
}

function show(chosen) {
  for (const [index, tab] of tabs.entries()) {
    tab.setAttribute("aria-selected", String(tab === chosen));
    tab.tabIndex = tab === chosen ? 0 : -1;
    panels[index].hidden = tab !== chosen;
  }
}

const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

const list = document.createElement("div");
list.className = "tabs";
list.setAttribute("role", "tablist");
list.setAttribute("aria-label", "Languages");
list.append(...tabs);
list.addEventListener("keydown", (event) => {
  const at = tabs.indexOf(document.activeElement);
  const places = { Home: 0, End: tabs.length - 1 };
  const next = places[event.key] ?? (event.key in STEPS ? at + STEPS[event.key] : undefined);
  if (at < 0 || next === undefined) return;
  event.preventDefault();
  const tab = tabs.at(next % tabs.length);
  show(tab);
  tab.focus();
});
box.prepend(list);
show(tabs[0]);
