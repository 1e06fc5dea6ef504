// Light or dark: as somebody chose on this machine, else as the system does.

const KEPT = "apimonitor.look";
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

export function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
}

// *act* is called whenever either may have changed.
export function onChange(act) {
  system.addEventListener("change", act);
  new MutationObserver(act).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
}

function kept() {
  try { return localStorage.getItem(KEPT) ?? ""; } catch { return ""; }
}

function choose(look) {
  if (look) root.dataset.theme = look; else delete root.dataset.theme;
}

choose(kept());
const choice = document.querySelector("[data-theme-choice]");
if (choice) {
  choice.hidden = false;
  for (const input of choice.querySelectorAll("input")) input.checked = input.value === kept();
  choice.addEventListener("change", (event) => {
    choose(event.target.value);
    try { localStorage.setItem(KEPT, event.target.value); } catch { /* it is not allowed to */ }
  });
}
addEventListener("storage", (event) => { if (event.key === KEPT) choose(event.newValue ?? ""); });
