// The list of logs: filters that act while you type; the URL holds the state.

import { isLive } from "../live/choice.js";
import { watch } from "../live/open_now.js";
import { start } from "../live/tail.js";
import "../logs/acting.js";
import "../logs/columns.js";
import "../logs/completing.js";
import { begin, countSoon } from "../logs/counts.js";
import { remove } from "../logs/deleting.js";
import { focusList } from "../logs/focus.js";
import "../logs/hands.js";
import { address, go, show } from "../logs/list.js";
import "../logs/opening.js";
import * as pane from "../logs/pane.js";
import * as picking from "../logs/picking.js";
import "../logs/row_menu.js";
import "../logs/times.js";
import { tokenAt } from "../logs/token.js";
import "../logs/views.js";

const form = document.querySelector("form[data-live]");
let waiting;

// A field without its value is not done: nobody wants to hear that it is wrong.
function isUnfinished(field) {
  if (field.name !== "query") return false;
  const { name, value } = tokenAt(field.value, field.selectionStart);
  return name !== null && !value;
}

form.addEventListener("input", (event) => {
  if (!event.target.name) return;
  clearTimeout(waiting);
  if (isUnfinished(event.target)) return;
  waiting = setTimeout(() => show(address()), 250);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  show(address(), { push: true });
});
document.querySelector("[data-refresh]").addEventListener("click", () => show());
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-sift]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    const isOfRow = link.closest("#logs") !== null;
    await go(link.getAttribute("href"));
    if (isOfRow) focusList();
    return;
  }
  const button = event.target.closest("[data-delete]");
  if (button && await remove(button.dataset.delete)) show();
});
pane.follow((url) => go(url, { push: false }));
start(async () => {
  const isShown = await show(undefined, { quiet: true });
  pane.markOpen();
  picking.restore();
  return isShown;
});
document.addEventListener("came", () => { if (isLive()) countSoon(); });
begin();
watch();
