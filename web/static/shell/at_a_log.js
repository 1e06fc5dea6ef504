// Letters of a log, wherever it is: its own page, beside the list, or a row.

import { say } from "./announce.js";
import { reload } from "../forms/submitting.js";
import { copyAnswer } from "./copying.js";
import { currentRow, onKey, scope } from "./keys.js";
import { zoned } from "./zone.js";

function press(selector) {
  const found = scope().querySelector(selector);
  if (!found) return false;
  found.click();
}

function copyCurl() {
  const row = currentRow();
  if (scope().id !== "pane" && row) return copyAnswer(`/v1/logs/${row.dataset.log}/curl`);
  return press("[data-copy-url$='/curl']");
}

function replay() {
  const row = currentRow();
  if (scope().id !== "pane" && row) return location.assign(zoned(`/replay/${row.dataset.log}`));
  return press("a[href^='/replay/']");
}

// The log of a page; a row, or the one beside the list, is the list's to pin.
async function pin() {
  const path = `/v1/logs/${/^\/log\/([^/]+)/.exec(location.pathname)[1]}`;
  try {
    const { pinned } = await (await fetch(path)).json();
    const answer = await fetch(path, { method: "PATCH", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ pinned: !pinned }) });
    if (answer.ok) reload(); else say("It cannot be pinned now.");
  } catch { say("The appliance did not answer."); }
}

// Two logs, one after the other, whatever page they are on.
function compare() {
  const id = /^\/log\/([^/]+)/.exec(location.pathname)?.[1];
  if (!id) return false;
  const other = sessionStorage.getItem("apimonitor.compare");
  if (other && other !== id) {
    sessionStorage.removeItem("apimonitor.compare");
    return location.assign(zoned(`/compare?a=${other}&b=${id}`));
  }
  sessionStorage.setItem("apimonitor.compare", id);
  say("Marked: press c at another log to compare both.");
}

onKey("r", replay);
onKey("c", compare);
onKey("y", copyCurl);
onKey("p", () => location.pathname.startsWith("/log/") && void pin());
onKey("t", () => press("[data-open='marks']"));
