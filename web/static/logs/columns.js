// Which columns there are: chosen in the menu, kept in the address.

import { address, show } from "./list.js";

const choice = document.querySelector("[data-columns]");
const kept = document.querySelector("form[data-live]").elements.columns;
const boxes = [...choice.querySelectorAll("[name=columns]")];
const first = boxes.slice(0, 7);

function text() {
  const chosen = boxes.filter((box) => box.checked || box.disabled);
  const isDefault = chosen.length === first.length && first.every((box) => chosen.includes(box));
  return isDefault ? "" : chosen.map((box) => box.value).join(",");
}

choice.querySelector("button").hidden = true;
choice.addEventListener("change", () => {
  kept.value = text();
  show(address());
});
