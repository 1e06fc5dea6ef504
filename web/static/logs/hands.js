// Letters of the list: rows open as one moves while a log is beside, c picks, p pins, t tags, Esc closes.

import { currentRow, onKey } from "../shell/keys.js";
import { zoned } from "../shell/zone.js";
import { mark, pin } from "./marking.js";
import { close, isOpen, open } from "./pane.js";
import { compared, toggle } from "./picking.js";

const WAIT_MS = 150;
let waiting;

function openSoon() {
  if (!isOpen()) return;
  const link = currentRow()?.querySelector(".path-line > a");
  clearTimeout(waiting);
  waiting = setTimeout(() => { if (link && isOpen()) open(link.getAttribute("href"), { focus: false }); }, WAIT_MS);
}

// The row that is next to the open one, where none has the focus.
function step(by) {
  const rows = [...document.querySelectorAll(".logs tr[data-log]")];
  const at = rows.indexOf(currentRow());
  const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
  if (!next) return false;
  next.querySelector(".path-line > a").focus();
  openSoon();
}

// Of the row somebody is at.
function ofRow(act) {
  const row = currentRow();
  if (!row) return false;
  act(row);
}

onKey("p", () => ofRow(pin));
onKey("t", () => ofRow(mark));
onKey("j", () => step(1));
onKey("k", () => step(-1));
onKey("c", () => ofRow((row) => { if (toggle(row) === 2) location.assign(zoned(compared())); }));
onKey("Escape", () => {
  if (!isOpen()) return false;
  close();
});
