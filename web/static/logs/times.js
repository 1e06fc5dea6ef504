// Of which time the list is: a preset, a part of the timeline, or two times of one's own; and by whose clock.

import { localise } from "../shell/times.js";
import { fromField, own, toField, writer, zone } from "../shell/zone.js";
import { zones as offered } from "../shell/zone_choice.js";
import { address, go } from "./list.js";

const form = document.querySelector("form[data-live]");
const presets = [...document.querySelectorAll("[data-range]")];
const picker = document.querySelector("[data-own-time]");
const shown = picker.querySelector("[data-window]");
const zones = document.getElementById("own-zone");
const ends = { since: document.getElementById("own-since"), until: document.getElementById("own-until") };
const minute = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const short = writer(minute);
export const clock = writer({ ...minute, second: "2-digit" });
let told = zone();

function choose(given) {
  for (const [name, value] of Object.entries(given)) form.elements[name].value = value;
  return go(address());
}

// Whoever gets the link sees the same times: they are of the clock that they were chosen by.
function chooseEnds(since, until) {
  return choose({ range: "", since, until, ...(since || until ? { tz: zone() } : {}) });
}

export function narrowTo(from, to) {
  return chooseEnds(new Date(from).toISOString(), new Date(to).toISOString());
}

const utc = (field) => (field.value ? fromField(field.value).toISOString() : "");

function moment(field) {
  const made = new Date(field.value);
  return Number.isNaN(made.getTime()) ? null : made;
}

function tellZone() {
  zones.replaceChildren(...offered());
  if (told === zone()) return;
  told = zone();
  localise(document);
}

function tell() {
  const { since, until, range } = form.elements;
  const hasEnds = Boolean(since.value || until.value);
  for (const link of presets) {
    if (!hasEnds && link.dataset.range === range.value) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  tellZone();
  const said = (field, none) => (moment(field) ? short(moment(field)) : none);
  const times = hasEnds ? `${said(since, "…")} to ${said(until, "now")}` : "Other times";
  shown.textContent = zone() === own ? times : `${times}, ${zone()}`;
  shown.title = hasEnds ? `UTC: ${since.value || "…"} to ${until.value || "now"}` : "";
  for (const [name, field] of Object.entries(ends)) {
    const at = moment(form.elements[name]);
    field.value = at ? toField(at) : "";
  }
}

picker.hidden = false;
document.querySelector(".ranges").addEventListener("click", (event) => {
  const link = event.target.closest("[data-range]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  choose({ range: link.dataset.range, since: "", until: "" });
});
picker.querySelector("[data-apply-time]").addEventListener("click", () => chooseEnds(utc(ends.since), utc(ends.until)));
zones.addEventListener("change", () => choose({ tz: zones.value }));
document.addEventListener("listed", tell);
tell();
