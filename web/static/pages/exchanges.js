// What is open is asked for again each second, while somebody sees it and does not read.

import { localise } from "../shell/times.js";

const EVERY_MS = 1000;
const open = document.getElementById("open");
const told = document.getElementById("told");

// Whoever is within it, or has marked text of it, is reading.
function isReading() {
  const marked = getSelection();
  return open.contains(document.activeElement) || (!marked.isCollapsed && open.contains(marked.anchorNode));
}

const closed = () => new Set([...open.querySelectorAll("details:not([open]) > summary")].map((one) => one.textContent));

function show(text) {
  const before = closed();
  open.innerHTML = text;
  for (const summary of open.querySelectorAll("summary"))
    if (before.has(summary.textContent)) summary.parentElement.open = false;
  localise(open);
  const count = document.getElementById("count")?.textContent.trim() ?? "";
  // For who hears the page; said again only where it is another.
  if (told && told.textContent !== count) told.textContent = count;
}

async function again() {
  if (!document.hidden && !isReading()) {
    try {
      const answer = await fetch(location.href, { headers: { "X-Fragment": "1" } });
      // It has ended: where it led to is its log.
      if (answer.redirected) return location.replace(answer.url);
      if (answer.ok) show(await answer.text());
    } catch { /* the appliance is away; it is asked again */ }
  }
  setTimeout(again, EVERY_MS);
}

setTimeout(again, EVERY_MS);
