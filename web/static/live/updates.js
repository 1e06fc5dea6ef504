// New logs are counted, and shown by rendering the table anew: not too often, not to who reads, and
// where the list is paused only when that is asked for.

import { isLive } from "./choice.js";
import { isReading } from "./reading.js";

const AT_MOST_EVERY_MS = 1000;
const news = document.getElementById("tail-news");
const logs = document.getElementById("logs");
let waiting, refresh, count = 0, isShowing = false, hasMissed = false;

// *again* renders the table of the address anew, and says whether it did.
export function renderBy(again) {
  refresh = again;
}

function tell() {
  news.hidden = count === 0;
  news.textContent = `${count.toLocaleString()}${hasMissed ? "+" : ""} new ↑`;
}

const isHeld = () => !isLive() || isReading();

// There were more than were told.
export function miss() {
  hasMissed = true;
  tell();
}

async function show() {
  waiting = undefined;
  if (isHeld()) return tell();
  await update();
}

const links = () => [...logs.querySelectorAll(".path-line > a")];

function markFresh(before) {
  if (!before.size) return;
  for (const link of links()) if (!before.has(link.pathname)) link.closest("tr").classList.add("fresh");
}

export async function update() {
  const before = new Set(links().map((link) => link.pathname));
  const began = performance.now();
  const told = count, wereMissed = hasMissed;
  count = 0;
  hasMissed = false;
  tell();
  isShowing = true;
  const isShown = await refresh();
  isShowing = false;
  if (!isShown) {
    count += told;
    hasMissed ||= wereMissed;
    tell();
  }
  markFresh(before);
  // A slow list is asked for less often.
  const pause = Math.max(AT_MOST_EVERY_MS, 3 * (performance.now() - began));
  waiting = setTimeout(() => { waiting = undefined; if (count) show(); }, pause);
}

export function came() {
  document.dispatchEvent(new CustomEvent("came"));
  count += 1;
  if (isHeld()) return tell();
  if (waiting === undefined && !isShowing) waiting = setTimeout(show, 0);
}

export function forget() {
  clearTimeout(waiting);
  waiting = undefined;
  count = 0;
  hasMissed = false;
  tell();
}
