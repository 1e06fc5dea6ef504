// Whether somebody reads the list: then nothing of it moves.

const logs = document.getElementById("logs");
const menu = document.getElementById("row-menu");

// Whoever is at a row or a link of the list, has marked text or rows, or has scrolled down
// is reading.
export function isReading() {
  const table = logs.querySelector("table");
  if (!table) return false;
  const marked = getSelection();
  return logs.contains(document.activeElement)
    || menu.matches(":popover-open")
    || (!marked.isCollapsed && logs.contains(marked.anchorNode))
    || logs.querySelector("[data-pick]:checked") !== null
    || table.getBoundingClientRect().top < 0;
}
