// One letter leads to a page, a row or the search; never in a field, nor with a modifier.

import { showKeys } from "./dialogs.js";

const places = { s: "/", l: "/dashboard", m: "/metrics-ui", a: "/alerts-ui", t: "/status", k: "/tokens" };
let pending = false;

function step(by) {
  const links = [...document.querySelectorAll(".logs .path a")];
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  links[Math.min(Math.max(at + by, 0), links.length - 1)].focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (pending && places[event.key]) location.assign(places[event.key]);
  pending = event.key === "g";
  if (pending) return;
  const search = document.getElementById("f-query");
  if (event.key === "/") {
    event.preventDefault();
    if (search) search.focus(); else location.assign("/dashboard");
  } else if (event.key === "?") showKeys();
  else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
});
