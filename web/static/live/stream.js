// The stream of new logs that the address asks for: it says that something came.

import { without } from "../logs/place.js";
import { isLive } from "./choice.js";
import { isReading } from "./reading.js";
import { came, forget, update } from "./updates.js";

const AGAIN_MS = 1000;
const PAGE = ["cursor", "offset", "limit", "newer", "live", "range", "columns"];
const state = document.getElementById("tail-state");
let source, trying;

async function explain(url) {
  const asked = new AbortController();
  try {
    const answer = await fetch(url, { signal: asked.signal });
    if (answer.status === 401) return location.reload();
    if (answer.ok) return void (trying = setTimeout(follow, AGAIN_MS));
    state.textContent = `Not following: ${(await answer.json()).detail}`;
  } catch {
    state.textContent = "Not following: the appliance did not answer.";
  } finally { asked.abort(); }
}

// Begin anew.
export function follow() {
  leave();
  if (!isLive() || document.hidden) return;
  const url = `/v1/logs/stream?${without(PAGE)}`;
  const opened = source = new EventSource(url);
  state.textContent = "Connecting …";
  opened.addEventListener("open", () => {
    state.textContent = "Following";
    state.dataset.calm = "";
    if (!isReading()) update();
  });
  opened.addEventListener("log", came);
  opened.addEventListener("gap", came);
  opened.addEventListener("error", () => {
    if (opened !== source) return;
    if (opened.readyState === EventSource.CLOSED) explain(url);
    else { state.textContent = "Connecting again …"; delete state.dataset.calm; }
  });
}

export function leave() {
  source?.close();
  source = undefined;
  clearTimeout(trying);
  forget();
  delete state.dataset.calm;
  state.textContent = "";
}
