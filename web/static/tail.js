// The live tail: the stream says that something came, the server renders the table anew.

import { say } from "./app.js";

const AT_MOST_EVERY_MS = 1000;
const PAGE = ["cursor", "offset", "limit", "newer", "live"];
const button = document.querySelector("[data-tail]");
const state = document.getElementById("tail-state");
const news = document.getElementById("tail-news");
const logs = document.getElementById("logs");
let source, waiting, refresh, count = 0, isShowing = false;

const KEPT = "apimonitor.live";
export const isLive = () => button.getAttribute("aria-pressed") === "true";

// Whoever is at a row or a link of the list, has marked text, or has scrolled down is reading: nothing moves.
export function isReading() {
  const table = logs.querySelector("table");
  if (!table) return false;
  const marked = getSelection();
  return logs.contains(document.activeElement)
    || (!marked.isCollapsed && logs.contains(marked.anchorNode))
    || table.getBoundingClientRect().top < 0;
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

async function update() {
  const before = new Set([...logs.querySelectorAll(".path a")].map((a) => a.pathname));
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
  if (before.size) for (const link of logs.querySelectorAll(".path a")) if (!before.has(link.pathname)) link.closest("tr").classList.add("fresh");
  // A slow list is asked for less often.
  const pause = Math.max(AT_MOST_EVERY_MS, 3 * (performance.now() - began));
  waiting = setTimeout(() => { waiting = undefined; if (count) show(); }, pause);
}

function came() {
  count += 1;
  if (isReading()) tell();
  if (waiting === undefined && !isShowing) waiting = setTimeout(show, 0);
}

function filters() {
  const given = new URLSearchParams(location.search);
  for (const name of PAGE) given.delete(name);
  return given;
}

async function explain(url) {
  const asked = new AbortController();
  try {
    const answer = await fetch(url, { signal: asked.signal });
    if (answer.status === 401) return location.reload();
    if (answer.ok) return void (waiting = setTimeout(follow, AT_MOST_EVERY_MS));
    state.textContent = `Not following: ${(await answer.json()).detail}`;
  } catch {
    state.textContent = "Not following: the appliance did not answer.";
  } finally { asked.abort(); }
}

// Begin anew, as the address asks for.
export function follow() {
  leave();
  if (!isLive() || document.hidden) return;
  const url = `/v1/logs/stream?${filters()}`;
  const opened = source = new EventSource(url);
  state.textContent = "Connecting …";
  opened.addEventListener("open", () => { state.textContent = "Following"; if (!isReading()) update(); });
  opened.addEventListener("log", came);
  opened.addEventListener("gap", came);
  opened.addEventListener("error", () => {
    if (opened !== source) return;
    if (opened.readyState === EventSource.CLOSED) explain(url); else state.textContent = "Connecting again …";
  });
}

function leave() {
  source?.close();
  source = undefined;
  clearTimeout(waiting);
  waiting = undefined;
  count = 0;
  tell();
  state.textContent = "";
}

// What the address does not say is as it was last time; at first it is live.
function remembered() {
  const given = new URLSearchParams(location.search);
  if (["live", "cursor", "offset"].some((name) => given.has(name))) return isLive();
  try { return localStorage.getItem(KEPT) !== "false"; } catch { return isLive(); }
}

function remember() {
  try { localStorage.setItem(KEPT, String(isLive())); } catch { /* it is not allowed to */ }
}

function toggle() {
  button.setAttribute("aria-pressed", String(!isLive()));
  remember();
  const given = new URLSearchParams(location.search);
  for (const name of ["cursor", "offset", "newer", "live"]) given.delete(name);
  given.set("live", String(isLive()));
  history.replaceState(null, "", `/dashboard?${given}`);
  say(isLive() ? "Live." : "Paused.");
  follow();
}

// *again* renders the table of the address anew, and says whether it did.
export function start(again) {
  refresh = again;
  button.setAttribute("aria-pressed", String(remembered()));
  button.hidden = false;
  button.addEventListener("click", toggle);
  news.addEventListener("click", () => {
    document.activeElement.blur();
    getSelection().removeAllRanges();
    scrollTo({ top: 0 });
    update();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "f" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!event.target.closest("input, textarea, select") && !document.querySelector("dialog[open]")) toggle();
  });
  // A page that nobody sees holds no connection: a browser has six for a host.
  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => { if (event.persisted) follow(); });
  follow();
}
