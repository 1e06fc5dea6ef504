// Two logs side by side: n and p go through what differs, x swaps.

import { say } from "../shell/announce.js";
import { onKey } from "../shell/keys.js";

let current = null;

function step(by) {
  const rows = [...document.querySelectorAll("tr[data-difference]")].filter((row) => row.checkVisibility());
  if (!rows.length) return say("Nothing differs.");
  const at = rows.indexOf(current);
  const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : (at + by + rows.length) % rows.length;
  current?.removeAttribute("data-at");
  current = rows[next];
  current.dataset.at = "";
  current.tabIndex = -1;
  current.focus({ preventScroll: true });
  current.scrollIntoView({ block: "center" });
  say(`Difference ${next + 1} of ${rows.length}`);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-step]");
  if (button) step(Number(button.dataset.step));
});
onKey("n", () => step(1));
onKey("p", () => step(-1));
onKey("x", () => document.querySelector("[data-swap]")?.click());
