// A log's bodies by hand: + and - at a value of a tree, and the shape is in the address.

import { onKey } from "../shell/keys.js";

// The Tab key would stop at each plus and minus of a tree: + and - press them there.
export function settle() {
  for (const link of document.querySelectorAll("[data-tree] .sift a")) link.tabIndex = -1;
}

function press(which) {
  const line = document.activeElement.closest?.("[data-tree] .line");
  const link = line?.querySelectorAll(".sift a")[which];
  if (!link) return false;
  link.click();
}

onKey("+", () => press(0));
onKey("-", () => press(1));
document.addEventListener("opened", settle);
document.addEventListener("change", ({ target }) => {
  if (!target.matches(".shapes > input")) return;
  const address = new URL(location.href);
  address.searchParams.delete("at");
  address.searchParams.set("shape", target.value);
  history.replaceState(history.state, "", address);
});
settle();
