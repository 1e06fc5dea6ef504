// A body that looks like JSON is checked as it is typed, and where it breaks is said.

import { brokenAt } from "./json_position.js";

const WAIT_MS = 250;

function problem(text) {
  try { JSON.parse(text); return null; } catch {
    const position = brokenAt(text);
    const before = text.slice(0, position).split("\n");
    return { position, line: before.length, column: before.at(-1).length + 1 };
  }
}

for (const place of document.querySelectorAll("[data-json-check]")) {
  const field = document.getElementById(place.dataset.jsonCheck);
  const [go, tidy] = place.querySelectorAll("button");
  let waiting, found = null;

  function check() {
    const text = field.value;
    const looks = /^\s*[[{]/.test(text);
    place.hidden = !looks;
    if (!looks) return field.removeAttribute("aria-invalid");
    found = problem(text);
    place.querySelector("span").textContent = found
      ? `It is no JSON: line ${found.line}, column ${found.column}.` : "It is JSON.";
    place.classList.toggle("error", found !== null);
    go.hidden = found === null;
    tidy.hidden = found !== null;
    field.toggleAttribute("aria-invalid", found !== null);
    if (found) field.setAttribute("aria-invalid", "true");
  }
  field.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(check, WAIT_MS); });
  go.addEventListener("click", () => {
    field.focus();
    field.setSelectionRange(found.position, found.position + 1);
  });
  tidy.addEventListener("click", () => {
    field.value = JSON.stringify(JSON.parse(field.value), null, 2);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  check();
}
