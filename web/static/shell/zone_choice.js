// Whose clock this page goes by: chosen in the bar's menu, said above what is shown by another's.

import { isKnown, named, own, zone } from "./zone.js";

const choice = document.querySelector("[data-zone-choice]");
const note = document.querySelector("#main > [data-zone-note]");

// What a reader chooses from, here and beside the list.
export function zones() {
  const asked = named() ?? own;
  const names = { UTC: "UTC", [own]: own === "UTC" ? "Local time, which is UTC" : `Local time, ${own}` };
  return [...new Set([own, "UTC", asked])].map((one) => {
    const name = names[one] ?? (isKnown(one) ? one : `${one}: not known here, so UTC`);
    return new Option(name, one, false, one === asked);
  });
}

// Within the address of the list that a log was opened from there may be another.
function address(chosen) {
  const url = new URL(location.href);
  url.searchParams.delete("tz");
  const isListed = new URLSearchParams(url.searchParams.get("from") ?? "").has("tz");
  if (chosen !== own || isListed) url.searchParams.set("tz", chosen);
  return url.pathname + url.search;
}

function tell() {
  const asked = named();
  const isOwn = zone() === own && (!asked || isKnown(asked));
  note.hidden = isOwn || location.pathname === "/dashboard";
  if (note.hidden) return;
  note.querySelector("span").textContent = isKnown(asked)
    ? `Times are shown in ${asked}.` : `${asked} is not known here: times are shown in UTC.`;
  note.querySelector("a").href = address(own);
}

function offer() {
  choice.querySelector("select").replaceChildren(...zones());
}

if (choice) {
  choice.hidden = false;
  choice.addEventListener("change", (event) => location.assign(address(event.target.value)));
  offer();
  tell();
  document.addEventListener("listed", offer);
}
