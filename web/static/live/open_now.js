// What is still open beside the list: the oldest, where they wait for a second already.

const EVERY_MS = 2000;
const SHOWN = 5;
const WAITS_MS = 1000;
const strip = document.getElementById("open-now");
const link = document.querySelector("[data-open-now]");

function age(ms) {
  const s = Math.floor(ms / 1000);
  if (s < 120) return `${s} s`;
  return s < 7200 ? `${Math.floor(s / 60)} min` : `${Math.floor(s / 3600)} h`;
}

function row(one) {
  const to = document.createElement("a");
  to.href = `/exchanges/${one.id}`;
  const path = document.createElement("bdi");
  path.textContent = one.path;
  const count = one.message_count;
  const passed = count === null ? "" : `, ${count} message${count === 1 ? "" : "s"}`;
  to.append(`${one.method} `, path, ` ${one.phase} for ${age(one.age_ms)}${passed}`);
  return to;
}

function show(found) {
  link.textContent = found.total ? `${found.total} open` : "Open now";
  // Nothing moves under who is at it.
  if (strip.contains(document.activeElement)) return;
  const waiting = found.items.filter((one) => one.age_ms >= WAITS_MS);
  strip.hidden = waiting.length === 0;
  const title = document.createElement("span");
  title.textContent = "Still open:";
  strip.replaceChildren(title, ...waiting.map(row));
}

async function look() {
  try {
    const service = new URLSearchParams(location.search).get("service_id");
    const only = service ? `&service_id=${encodeURIComponent(service)}` : "";
    const answer = await fetch(`/v1/exchanges?limit=${SHOWN}${only}`);
    if (answer.ok) show(await answer.json());
  } catch { /* the appliance is away; it is asked again */ }
}

export async function watch() {
  if (!document.hidden) await look();
  setTimeout(watch, EVERY_MS);
}
