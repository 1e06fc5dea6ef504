// Whether the list is live: as the address says, else as it was last time; at first it is.

import { changed, listed, without } from "../logs/place.js";

const KEPT = "apimonitor.live";
const FURTHER = ["cursor", "offset", "newer"];
const button = document.querySelector("[data-tail]");

export const isLive = () => button.getAttribute("aria-pressed") === "true";

function remembered() {
  const given = listed().searchParams;
  if (["live", "cursor", "offset"].some((name) => given.has(name))) return isLive();
  try { return localStorage.getItem(KEPT) !== "false"; } catch { return isLive(); }
}

function remember() {
  try { localStorage.setItem(KEPT, String(isLive())); } catch { /* it is not allowed to */ }
}

export function restore() {
  button.setAttribute("aria-pressed", String(remembered()));
}

export function change() {
  button.setAttribute("aria-pressed", String(!isLive()));
  remember();
  const given = without(FURTHER);
  given.set("live", String(isLive()));
  changed(`/dashboard?${given}`);
}
