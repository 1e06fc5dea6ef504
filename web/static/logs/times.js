// Of which time the list is: a preset, a part of the timeline, or two times of one's own.

import { address, go } from "./list.js";

const form = document.querySelector("form[data-live]");
const presets = [...document.querySelectorAll("[data-range]")];
const own = document.querySelector("[data-own-time]");
const shown = own.querySelector("[data-window]");
const ends = { since: document.getElementById("own-since"), until: document.getElementById("own-until") };
const clock = new Intl.DateTimeFormat(undefined,
  { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

function choose({ range = "", since = "", until = "" }) {
  const given = { range, since, until };
  for (const [name, value] of Object.entries(given)) form.elements[name].value = value;
  return go(address());
}

export function narrowTo(from, to) {
  return choose({ since: new Date(from).toISOString(), until: new Date(to).toISOString() });
}

// As a field of local time wants it: without an offset.
function local(text) {
  const moment = new Date(text);
  if (!text || Number.isNaN(moment.getTime())) return "";
  return new Date(moment - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function utc(field) {
  return field.value ? new Date(field.value).toISOString() : "";
}

function tell() {
  const { since, until, range } = form.elements;
  const hasEnds = Boolean(since.value || until.value);
  for (const link of presets) {
    if (!hasEnds && link.dataset.range === range.value) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  const said = (field, none) => {
    const moment = new Date(field.value);
    return Number.isNaN(moment.getTime()) ? none : clock.format(moment);
  };
  shown.textContent = hasEnds ? `${said(since, "…")} to ${said(until, "now")}` : "Other times";
  shown.title = hasEnds ? `UTC: ${since.value || "…"} to ${until.value || "now"}` : "";
  ends.since.value = local(since.value);
  ends.until.value = local(until.value);
}

own.hidden = false;
document.querySelector(".ranges").addEventListener("click", (event) => {
  const link = event.target.closest("[data-range]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  choose({ range: link.dataset.range });
});
own.querySelector("[data-apply-time]").addEventListener("click", () => {
  choose({ since: utc(ends.since), until: utc(ends.until) });
});
document.addEventListener("listed", tell);
tell();
