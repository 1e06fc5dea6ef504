// What is still open above the list: where it waits for a second already, growing; and its log once
// it ended.

import { listed } from "../logs/place.js";

const EVERY_MS = 1000;
// So often is asked for the log of what ended, and it is shown as long.
const ENDED = 10;
const strip = document.getElementById("open-now");
const link = document.querySelector("[data-open-now]");
// How often is asked again for each that is shown.
const shown = new Map();

function remember() {
  const found = [...strip.querySelectorAll("[data-open-id]:not([data-ended])")];
  const open = new Set(found.map((one) => one.dataset.openId));
  for (const [id, times] of shown) if (!open.has(id)) shown.set(id, times - 1);
  for (const id of open) shown.set(id, ENDED);
  for (const [id, times] of shown) if (times <= 0) shown.delete(id);
}

function show(text) {
  const made = new DOMParser().parseFromString(text, "text/html").querySelector("[data-total]");
  const { total } = made.dataset;
  link.textContent = total === "0" ? "Open now" : `${total} open`;
  // Nothing moves under who is at it.
  if (strip.matches(":focus-within, :active")) return;
  strip.replaceChildren(...made.childNodes);
  strip.hidden = !strip.querySelector("li");
  remember();
}

async function look() {
  const given = new URLSearchParams();
  const service = listed().searchParams.get("service_id");
  if (service) given.set("service_id", service);
  if (shown.size) given.set("shown", [...shown.keys()].join(","));
  try {
    const answer = await fetch(`/exchanges?${given}`, { headers: { "X-Fragment": "beside" } });
    if (answer.ok && !answer.redirected) show(await answer.text());
  } catch { /* the appliance is away; it is asked again */ }
}

export async function watch() {
  if (!document.hidden) await look();
  setTimeout(watch, EVERY_MS);
}
