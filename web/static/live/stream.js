// The stream of new logs that the address asks for: it says that something came.

import { listed, without } from "../logs/place.js";
import { isLive } from "./choice.js";
import { isReading } from "./reading.js";
import { came, forget, miss, update } from "./updates.js";

const AGAIN_MS = 1000;
const PAGE = ["cursor", "offset", "limit", "newer", "live", "range", "columns", "tz"];
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

const isFurther = () => ["cursor", "offset"].some((name) => listed().searchParams.has(name));

// Begin anew. A list that is paused is told what comes, but for older pages of it; *again*: it is
// the same list, which nobody saw for a while.
export function follow({ again = false } = {}) {
  leave({ again });
  if (document.hidden || (!isLive() && isFurther())) return;
  const url = `/v1/logs/stream?${without(PAGE)}`;
  const opened = source = new EventSource(url);
  state.textContent = "Connecting …";
  opened.addEventListener("open", () => {
    state.textContent = isLive() ? "Following" : "Paused";
    state.dataset.calm = "";
    if (again) miss();
    if (isLive() && !isReading()) update();
  });
  opened.addEventListener("log", came);
  opened.addEventListener("gap", () => { miss(); came(); });
  opened.addEventListener("error", () => {
    if (opened !== source) return;
    if (opened.readyState === EventSource.CLOSED) explain(url);
    else { state.textContent = "Connecting again …"; delete state.dataset.calm; }
  });
}

export function leave({ again = false } = {}) {
  source?.close();
  source = undefined;
  clearTimeout(trying);
  if (!again) forget();
  delete state.dataset.calm;
  state.textContent = "";
}
