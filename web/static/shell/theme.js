// Light or dark: as data-theme on the root element says, else as the system does.

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
