// The command palette: Ctrl-K, some letters, Enter.

import { destinations } from "./destinations.js";
import { zoned } from "./zone.js";

const MOST = 40;
const dialog = document.getElementById("palette");
const button = document.querySelector("[data-palette]");
const box = document.getElementById("palette-box");
const list = document.getElementById("palette-options");
const none = document.getElementById("palette-none");
let all = [], shown = [], at = 0;

// Each word is to be found, the beginning of the name counts most.
function rank({ name, kind, isLast }, words) {
  const text = `${name} ${kind}`.toLowerCase();
  if (!words.every((word) => text.includes(word))) return -1;
  return words.length && text.startsWith(words[0]) && !isLast ? 2 : 1;
}

function option({ name, kind, keys }, index) {
  const item = document.createElement("li");
  item.id = `palette-option-${index}`;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  for (const [text, tag] of [[name, "span"], [kind, "small"], [keys, "kbd"]]) {
    if (!text) continue;
    const part = document.createElement(tag);
    part.textContent = text;
    item.append(part);
  }
  item.addEventListener("click", () => take(index));
  return item;
}

function mark(index) {
  at = index;
  for (const [place, item] of [...list.children].entries()) item.setAttribute("aria-selected", String(place === at));
  const marked = list.children[at];
  if (!marked) return box.removeAttribute("aria-activedescendant");
  box.setAttribute("aria-activedescendant", marked.id);
  marked.scrollIntoView({ block: "nearest" });
}

function find() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  const ranked = all.map((one) => [rank(one, words), one]).filter(([score]) => score > 0);
  ranked.sort(([a, one], [b, other]) => b - a || Boolean(one.isLast) - Boolean(other.isLast));
  shown = ranked.slice(0, MOST).map(([, one]) => one);
  if (words.length) shown.push({ name: `Search the logs for “${box.value.trim()}”`, kind: "Search",
    href: `/dashboard?${new URLSearchParams({ query: box.value.trim() })}` });
  list.replaceChildren(...shown.map(option));
  none.textContent = shown.length ? "" : "Nothing is called so.";
  mark(0);
}

function take(index) {
  const chosen = shown[index];
  dialog.close();
  if (chosen?.href) location.assign(zoned(chosen.href)); else chosen?.act();
}

export async function open() {
  if (document.querySelector("dialog[open]")) return;
  box.value = "";
  all = [];
  dialog.showModal();
  for await (const more of destinations()) {
    all = [...all, ...more];
    find();
  }
}

if (dialog) {
  button.hidden = false;
  button.addEventListener("click", open);
  box.addEventListener("input", find);
  box.addEventListener("keydown", (event) => {
    const last = shown.length - 1;
    if (event.key === "ArrowDown") mark(at < last ? at + 1 : 0);
    else if (event.key === "ArrowUp") mark(at > 0 ? at - 1 : last);
    else if (event.key === "Enter") take(at);
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (dialog.open) dialog.close(); else open();
  });
}
