// What may be done with a row, and the lists with its values and without: for a finger, too.

import { mark, pin } from "./marking.js";
import { toggle } from "./picking.js";

const menu = document.getElementById("row-menu");
const logs = document.getElementById("logs");
const EDGE = 8;
let row;

function made(tag, text, given = {}) {
  const element = Object.assign(document.createElement(tag), { textContent: text });
  for (const [name, value] of Object.entries(given)) element.setAttribute(name, value);
  return element;
}

function act(text, name, keys) {
  return made("button", text, { type: "button", "data-row": name, "aria-keyshortcuts": keys });
}

function acts(id) {
  const isPinned = row.querySelector("[data-row=pin]").getAttribute("aria-pressed") === "true";
  const copy = made("button", "Copy as curl", { type: "button", "data-copy-url": `/v1/logs/${id}/curl` });
  return [
    act(isPinned ? "Do not pin any more" : "Pin", "pin", "p"), act("Tags and note …", "marks", "t"),
    act(row.querySelector("[data-pick]").checked ? "Do not select" : "Select, to compare and more", "pick", "c"),
    made("a", "Replay …", { href: `/replay/${id}` }), copy,
  ];
}

const SIGNS = { tag: "Tag", error: "Error", source: "Source" };

// A sign in a row is called by the field that it is asked for by; what is in a cell, as its column.
function titled(sift, isSign) {
  if (isSign) return SIGNS[/with ([a-z]+):/.exec(sift.querySelector("a").ariaLabel)?.[1]] ?? "Mark";
  const names = [...logs.querySelectorAll("thead th")];
  return names.find((name) => name.classList.contains(sift.closest("td").classList[0]))?.textContent ?? "";
}

// What a cell shows, beside what narrows the list to it.
function value(sift) {
  const cell = sift.closest("td");
  const isSign = sift.closest(".signs") !== null;
  const inner = "bdi, .ms, time, .visually-hidden";
  const shown = (isSign ? sift.previousElementSibling : cell).querySelector(inner) ?? cell.firstChild;
  const line = made("p", "", { class: "of-row" });
  const title = titled(sift, isSign).trim();
  const parts = [made("span", title, { class: "hint" }), made("bdi", shown.textContent.trim())];
  line.append(...parts, sift.cloneNode(true));
  return line;
}

// Beside its row, where that is seen.
function place() {
  const { top, bottom, right } = row.querySelector("[data-row=more]").getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(EDGE, Math.min(right - width, innerWidth - width - EDGE))}px`;
  const below = bottom + height + EDGE <= innerHeight ? bottom : top - height;
  menu.style.top = `${Math.max(EDGE, Math.min(below, innerHeight - height - EDGE))}px`;
}

function open(button) {
  row = button.closest("tr");
  const what = made("h2", "");
  what.append(row.querySelector(".path-line > a").textContent);
  const values = [...row.querySelectorAll(".sift")].map(value);
  menu.replaceChildren(what, ...acts(row.dataset.log), document.createElement("hr"), ...values);
  menu.showPopover();
  place();
  menu.querySelector("button").focus({ preventScroll: true });
}

const doing = { pin, marks: mark, pick: toggle };

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-row]");
  const isOfMenu = menu.contains(event.target);
  if (button?.dataset.row === "more") return open(button);
  const of = isOfMenu ? row : button?.closest("tr");
  if (isOfMenu && event.target.closest("a, button")) {
    menu.hidePopover();
    row.querySelector("[data-row=more]")?.focus();
  }
  if (button) doing[button.dataset.row](of);
});
menu.addEventListener("keydown", (event) => {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by) return;
  const all = [...menu.querySelectorAll("a, button")];
  all[(all.indexOf(document.activeElement) + by + all.length) % all.length].focus();
  event.preventDefault();
});
addEventListener("scroll", () => { if (menu.matches(":popover-open")) place(); }, { passive: true });
