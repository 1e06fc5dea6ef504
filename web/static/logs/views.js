// Saved views: the list as it is now under a name that all see, changed and removed.

import { clearProblems, showProblem } from "../forms/problems.js";
import { show as showDialog } from "../shell/dialogs.js";
import { zoned } from "../shell/zone.js";
import { asLive, listed } from "./place.js";

const save = document.querySelector("[data-save-view]");
const change = document.querySelector("[data-rename-view]");
const which = document.getElementById("change-view-id");
const name = document.getElementById("change-view-name");
const NOT_KEPT = ["range", "columns", "tz", "live", "limit", "cursor", "offset", "newer"];

function content() {
  const given = listed().searchParams;
  const filters = Object.fromEntries([...given].filter(([key, value]) => value && !NOT_KEPT.includes(key)));
  const hasEnds = "since" in filters || "until" in filters;
  const columns = given.get("columns")?.split(",") ?? null;
  return { filters, range: hasEnds || given.get("range") === "all" ? null : given.get("range"), columns };
}

function address({ filters, range, columns }) {
  const given = new URLSearchParams(filters);
  if (range) given.set("range", range);
  if (columns) given.set("columns", columns.join(","));
  return asLive(`/dashboard?${given}`);
}

async function send(form, method, path, body) {
  clearProblems(form);
  const options = { method, headers: { Accept: "application/json", "Content-Type": "application/json" } };
  if (body) options.body = JSON.stringify(body);
  try {
    const answer = await fetch(path, options);
    if (answer.ok) return answer.status === 204 ? {} : await answer.json();
    showProblem(form, await answer.json());
  } catch { showProblem(form, { detail: "The appliance did not answer." }); }
}

save.addEventListener("submit", async (event) => {
  event.preventDefault();
  const made = await send(save, "POST", "/v1/views", { name: save.elements.name.value, ...content() });
  if (made) location.assign(address(made));
});

const chosen = () => { name.value = which.selectedOptions[0]?.textContent ?? ""; };
which.addEventListener("change", chosen);
const button = document.querySelector("[data-change-view]");
button.hidden = !which.options.length;
button.addEventListener("click", () => {
  chosen();
  showDialog(document.getElementById("change-view"), button);
});
change.addEventListener("submit", async (event) => {
  event.preventDefault();
  const more = change.querySelector("[data-take-list]").checked ? content() : {};
  const changed = await send(change, "PATCH", `/v1/views/${which.value}`, { name: name.value, ...more });
  if (changed) location.assign(address(changed));
});
change.querySelector("[data-remove-view]").addEventListener("click", async () => {
  if (!confirm(`Remove the view “${which.selectedOptions[0].textContent}” for all? No log goes.`)) return;
  if (await send(change, "DELETE", `/v1/views/${which.value}`)) location.assign(zoned("/dashboard"));
});

// Which of the tabs is shown.
function same(href) {
  const wanted = new URL(href, location.origin).searchParams, here = new URLSearchParams(listed().search);
  for (const left of ["live", "tz", "limit", "cursor", "offset", "newer"]) here.delete(left);
  wanted.delete("tz");
  wanted.sort();
  here.sort();
  return wanted.toString() === here.toString();
}
document.addEventListener("listed", () => {
  document.querySelector("[data-views-page]").search = new URLSearchParams({ from: listed().search.slice(1) });
  for (const tab of document.querySelectorAll("[data-views] a")) {
    if (same(tab.href)) tab.setAttribute("aria-current", "page"); else tab.removeAttribute("aria-current");
  }
});
