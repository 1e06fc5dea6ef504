// Counts of what is listed, over time and by value: after the list, and anew while it is live.

import { localise } from "../shell/times.js";
import { draw } from "./timeline.js";
import { listed, without } from "./place.js";

const AT_MOST_EVERY_MS = 5000;
const places = { timeline: document.getElementById("timeline"), facets: document.getElementById("facets") };
const button = document.querySelector("[data-facets]");
let asked, waiting;

// What a facet's link is about: its address changes as it is pressed.
function about(link) {
  const name = link.closest(".facet li")?.querySelector(".name").textContent;
  return name && [link.closest(".facet").querySelector("h2").textContent, name, link.className].join("\n");
}

function refocus(place, focused) {
  [...place.querySelectorAll("a")].find((link) => about(link) === focused)?.focus();
}

function drawn() {
  places.timeline.querySelector(".without-scripts")?.remove();
  button.hidden = places.facets.hidden;
  localise(places.timeline);
  draw(places.timeline);
}

function put(text) {
  const made = new DOMParser().parseFromString(text, "text/html");
  for (const [name, place] of Object.entries(places)) {
    const part = made.querySelector(`[data-part="${name}"]`);
    const focused = place.contains(document.activeElement) && about(document.activeElement);
    place.replaceChildren(...(part?.childNodes ?? []));
    place.hidden = !place.firstElementChild;
    if (focused) refocus(place, focused);
  }
  drawn();
}

export async function count() {
  clearTimeout(waiting);
  waiting = undefined;
  asked?.abort();
  const mine = asked = new AbortController();
  const query = without(["cursor", "offset", "newer"]);
  try {
    const answer = await fetch(`${listed().pathname}?${query}`,
      { headers: { "X-Fragment": "counts" }, signal: mine.signal });
    if (answer.ok && !answer.redirected) put(await answer.text());
  } catch { /* the list says that the appliance does not answer */ }
}

// The page comes with what was counted in time.
export function begin() {
  drawn();
  if (places.timeline.hidden || "partial" in places.timeline.dataset) count();
}

// Something came: not at once, and not while somebody is at them.
export function countSoon() {
  waiting ??= setTimeout(() => {
    waiting = undefined;
    const isUsed = Object.values(places).some((place) => place.matches(":hover, :focus-within"));
    if (isUsed) countSoon(); else count();
  }, AT_MOST_EVERY_MS);
}

button.addEventListener("click", () => {
  const isOpen = places.facets.classList.toggle("is-open");
  button.setAttribute("aria-expanded", String(isOpen));
});
document.addEventListener("listed", count);
