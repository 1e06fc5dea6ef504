// Links and forms that ask for a page keep whose clock times are shown by.

import { named, zoned } from "./zone.js";

const EVENTS = ["pointerover", "focusin", "click"];
const carried = new WeakMap();

// The clock may be another by now than when the link was looked at first.
function carry(link) {
  if (link.getAttribute("href").startsWith("#") || "ownClock" in link.dataset) return;
  const known = carried.get(link);
  const bare = known?.to === link.href ? known.bare : link.href;
  const next = zoned(bare);
  if (next !== bare || bare !== link.href) link.href = next;
  carried.set(link, { bare, to: link.href });
}

export function carryAll() {
  for (const link of document.querySelectorAll("a[href]")) carry(link);
}

for (const kind of EVENTS) {
  document.addEventListener(kind, (event) => {
    const link = event.target.closest?.("a[href]");
    if (link) carry(link);
  }, true);
}
document.addEventListener("formdata", ({ target, formData }) => {
  if (target.method === "get" && named() && !formData.has("tz")) formData.set("tz", named());
});
document.addEventListener("listed", carryAll);
carryAll();
