// A page that was made while PostgreSQL was away comes back by itself once that is there.

import { say } from "./announce.js";

const EVERY_MS = 3000;
const banner = document.querySelector('[data-condition="database_away"]');
const waiting = document.querySelector("[data-returns]");

// What somebody has begun to write is not taken from them.
function isEdited(field) {
  return field.matches("textarea, input:not([type=hidden], [type=checkbox], [type=radio], [type=file])")
    && field.value !== field.defaultValue;
}

function comeBack() {
  const fields = [...document.forms].flatMap((form) => [...form.elements]);
  if (!fields.some(isEdited)) return location.reload();
  const again = Object.assign(document.createElement("a"), { href: location.href, textContent: "Load the page anew" });
  banner?.replaceChildren("PostgreSQL is back. ", again);
  say("PostgreSQL is back.");
}

async function look() {
  const answer = await fetch("/health", { headers: { Accept: "application/json" } }).catch(() => null);
  const health = answer?.ok ? await answer.json() : null;
  if (health?.database === "ok") comeBack(); else setTimeout(look, EVERY_MS);
}

if (waiting) waiting.hidden = false;
if (banner || waiting) setTimeout(look, EVERY_MS);
