// Rows that are picked: boxes, a range with Shift, and how many there are.

import { focusList } from "./focus.js";

const logs = document.getElementById("logs");
const bar = document.getElementById("picked");
const count = bar.querySelector("[data-picked-count]");
const compare = bar.querySelector("[data-compare]");
const chosen = new Set();
let last;

export const picked = () => [...chosen];
const boxes = () => [...logs.querySelectorAll("[data-pick]")];

export function compared() {
  const [a, b] = chosen;
  return `/compare?a=${a}&b=${b}`;
}

function tell() {
  bar.hidden = !chosen.size;
  count.textContent = `${chosen.size} selected`;
  compare.hidden = chosen.size !== 2;
  if (chosen.size === 2) compare.href = compared();
  const all = logs.querySelector("[data-pick-all]");
  const here = boxes();
  if (all) all.checked = here.length > 0 && here.every((box) => box.checked);
}

function set(box, isPicked) {
  box.checked = isPicked;
  if (isPicked) chosen.add(box.value); else chosen.delete(box.value);
}

// After the list was rendered anew.
export function restore() {
  for (const box of boxes()) box.checked = chosen.has(box.value);
  tell();
}

export function clear() {
  const isAtBar = bar.contains(document.activeElement);
  chosen.clear();
  restore();
  if (isAtBar) focusList();
}

export function toggle(row) {
  const box = row.querySelector("[data-pick]");
  set(box, !box.checked);
  tell();
  return chosen.size;
}

logs.addEventListener("click", (event) => {
  const box = event.target.closest("[data-pick]");
  if (!box) return;
  const all = boxes(), from = all.findIndex((one) => one.value === last), to = all.indexOf(box);
  const among = event.shiftKey && from >= 0 ? all.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
  for (const one of among) set(one, box.checked);
  last = box.value;
  tell();
});
logs.addEventListener("change", (event) => {
  if (!event.target.matches("[data-pick-all]")) return;
  for (const box of boxes()) set(box, event.target.checked);
  tell();
});
document.addEventListener("listed", restore);
