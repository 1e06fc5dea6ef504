// One letter leads to a page, a row or an action; never in a field, nor with a modifier.

import { showKeys } from "./dialogs.js";
import { zoned } from "./zone.js";

const KEPT = "apimonitor.letters";
const places = { s: "/", l: "/dashboard", m: "/metrics-ui", a: "/alerts-ui", t: "/status", k: "/tokens" };
const acts = new Map();
const choice = document.querySelector("[data-letters]");
let pending = false;

// A page's own meaning of *key* goes before; where it answers false, the common one holds.
export function onKey(key, act) {
  acts.set(key, [act, ...(acts.get(key) ?? [])]);
}

// Where somebody is: a log beside the list, else the page.
export function scope() {
  return document.querySelector("#pane:not([hidden])") ?? document.getElementById("main");
}

export function currentRow() {
  return document.activeElement.closest?.(".logs tr[data-log]") ?? document.querySelector(".logs tr[aria-current]");
}

function step(by) {
  const links = [...document.querySelectorAll(".logs .path-line > a")];
  if (!links.length) return false;
  const at = links.indexOf(currentRow()?.querySelector(".path-line > a"));
  links[Math.min(Math.max(at + by, 0), links.length - 1)].focus();
}

function tab(by) {
  const tabs = [...(scope().querySelector(".tabs")?.querySelectorAll("a, button") ?? [])];
  if (!tabs.length) return false;
  const at = tabs.findIndex((one) => one.ariaCurrent || one.getAttribute("aria-selected") === "true");
  const next = tabs[(at + by + tabs.length) % tabs.length];
  next.click();
  next.focus();
}

function search() {
  const box = document.getElementById("f-query");
  if (box) box.focus(); else location.assign(zoned("/dashboard"));
}

for (const [key, act] of Object.entries({
  "/": search, "?": showKeys, j: () => step(1), k: () => step(-1), "[": () => tab(-1), "]": () => tab(1),
})) onKey(key, act);

function isOn() {
  try { return localStorage.getItem(KEPT) !== "off"; } catch { return true; }
}

if (choice) {
  choice.checked = isOn();
  choice.addEventListener("change", () => {
    try { localStorage.setItem(KEPT, choice.checked ? "on" : "off"); } catch { /* it is not allowed to */ }
  });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key.length === 1 && !isOn()) return;
  if (pending && places[event.key]) return location.assign(zoned(places[event.key]));
  pending = event.key === "g";
  if (acts.get(event.key)?.some((act) => act(event) !== false)) event.preventDefault();
});
