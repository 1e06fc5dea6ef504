// Letters of a log, wherever it is: its own page, beside the list, or a row.

import { say } from "./announce.js";
import { copyAnswer } from "./copying.js";
import { currentRow, onKey, scope } from "./keys.js";

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
  if (scope().id !== "pane" && row) return location.assign(`/replay/${row.dataset.log}`);
  return press("a[href^='/replay/']");
}

// Two logs, one after the other, whatever page they are on.
function compare() {
  const id = /^\/log\/([^/]+)/.exec(location.pathname)?.[1];
  if (!id) return false;
  const other = sessionStorage.getItem("apimonitor.compare");
  if (other && other !== id) {
    sessionStorage.removeItem("apimonitor.compare");
    return location.assign(`/compare?a=${other}&b=${id}`);
  }
  sessionStorage.setItem("apimonitor.compare", id);
  say("Marked: press c at another log to compare both.");
}

onKey("r", replay);
onKey("c", compare);
onKey("y", copyCurl);
