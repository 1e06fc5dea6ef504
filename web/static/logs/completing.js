// The search box completes what is written: a combobox with a list (WAI-ARIA APG).

import { offers } from "./offers.js";
import { tokenAt } from "./token.js";

const WAIT_MS = 120;
const box = document.getElementById("f-query");
const list = document.getElementById("query-options");
let shown = [], at = -1, waiting, turn = 0, token;

box.setAttribute("role", "combobox");
box.setAttribute("aria-autocomplete", "list");
box.setAttribute("aria-controls", list.id);
box.setAttribute("aria-expanded", "false");

function made(tag, text, name) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (name) element.className = name;
  return element;
}

function option(offer, index) {
  const item = document.createElement("li");
  item.id = `query-option-${index}`;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  item.append(made("code", offer.text));
  if (offer.about) item.append(made("span", offer.about, "about"));
  if (offer.count !== undefined) item.append(made("span", `${offer.count.toLocaleString()} logs`, "n"));
  // The box keeps the focus.
  item.addEventListener("pointerdown", (event) => { event.preventDefault(); take(offer); });
  return item;
}

function close() {
  turn += 1;
  clearTimeout(waiting);
  list.hidden = true;
  shown = [];
  at = -1;
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}

function mark(index) {
  at = index;
  for (const [place, item] of [...list.children].entries()) item.setAttribute("aria-selected", String(place === at));
  if (at < 0) return box.removeAttribute("aria-activedescendant");
  box.setAttribute("aria-activedescendant", list.children[at].id);
  list.children[at].scrollIntoView({ block: "nearest" });
}

function take(offer) {
  const behind = box.value.slice(token.to);
  const text = offer.more || behind.startsWith(" ") ? offer.text : `${offer.text} `;
  box.value = box.value.slice(0, token.from) + text + behind;
  const caret = token.from + text.length;
  box.setSelectionRange(caret, caret);
  close();
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

async function open() {
  const mine = turn += 1;
  token = tokenAt(box.value, box.selectionStart);
  const found = (await offers(token)).filter((offer) => offer.text !== token.word);
  if (mine !== turn || document.activeElement !== box) return;
  // Who chose one already has it still, where it is still offered.
  const chosen = shown[at]?.text;
  shown = found;
  list.replaceChildren(...found.map(option));
  list.hidden = !found.length;
  box.setAttribute("aria-expanded", String(!list.hidden));
  mark(chosen === undefined ? -1 : found.findIndex((offer) => offer.text === chosen));
}

function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(open, WAIT_MS);
}

box.addEventListener("input", soon);
box.addEventListener("click", () => { if (list.hidden) soon(); });
box.addEventListener("blur", close);
box.addEventListener("keydown", (event) => {
  const last = shown.length - 1;
  if (event.key === "ArrowDown" && list.hidden) soon();
  else if (list.hidden) return;
  else if (event.key === "ArrowDown") mark(at < last ? at + 1 : 0);
  else if (event.key === "ArrowUp") mark(at > 0 ? at - 1 : last);
  else if (event.key === "Escape") { close(); event.stopImmediatePropagation(); }
  else if ((event.key === "Enter" || event.key === "Tab") && at >= 0) take(shown[at]);
  else { if (event.key === "Enter") close(); return; }
  event.preventDefault();
});
