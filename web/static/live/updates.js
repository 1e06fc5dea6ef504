// New logs are counted, and shown by rendering the table anew: not too often, and not to who reads.

import { isReading } from "./reading.js";

const AT_MOST_EVERY_MS = 1000;
const news = document.getElementById("tail-news");
const logs = document.getElementById("logs");
let waiting, refresh, count = 0, isShowing = false;

// *again* renders the table of the address anew, and says whether it did.
export function renderBy(again) {
  refresh = again;
}

function tell() {
  news.hidden = count === 0;
  news.textContent = `${count} new ↑`;
}

async function show() {
  waiting = undefined;
  if (isReading()) return tell();
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
  const told = count;
  count = 0;
  tell();
  isShowing = true;
  const isShown = await refresh();
  isShowing = false;
  if (!isShown) {
    count += told;
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
  if (isReading()) tell();
  if (waiting === undefined && !isShowing) waiting = setTimeout(show, 0);
}

export function forget() {
  clearTimeout(waiting);
  waiting = undefined;
  count = 0;
  tell();
}
