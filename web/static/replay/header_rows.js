// The header rows of a replay: what differs from the recorded ones becomes the override.

const rows = document.getElementById("header-rows");
const overrides = document.querySelector("[data-header-lines] textarea");
const blank = document.getElementById("header-row");

function collect() {
  // A name that is repeated cannot be overridden in part: all its rows are left as they are.
  const recorded = new Map(), now = new Map();
  for (const row of rows.querySelectorAll("tr")) {
    const name = row.querySelector("[data-name]").value.trim();
    const field = row.querySelector("[data-value]");
    const key = name.toLowerCase();
    if (!name) continue;
    const was = row.dataset.recorded;
    if (was !== undefined) recorded.set(key, [...(recorded.get(key) ?? []), was]);
    const isSent = !row.hidden && (field.value !== "" || row.dataset.masked === undefined);
    now.set(key, { name, values: [...(now.get(key)?.values ?? []), ...(isSent ? [field.value] : [])] });
  }
  const made = {};
  for (const [key, { name, values }] of now) {
    const before = recorded.get(key) ?? [];
    const isMasked = before.every((value) => value === "");
    if (values.length === before.length && values.every((value, n) => value === before[n])) continue;
    if (values.length) made[name] = values.join(", ");
    else if (before.length && !isMasked) made[name] = null;
  }
  overrides.value = Object.keys(made).length ? JSON.stringify(made) : "";
}

if (overrides) {
  overrides.dataset.kind = "json";
  overrides.value = "";
}
rows?.addEventListener("input", collect);
rows?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-remove]");
  if (!button) return;
  const row = button.closest("tr");
  if (row.dataset.recorded === undefined) row.remove(); else row.hidden = true;
  collect();
  document.querySelector("[data-add-header]").focus();
});
document.querySelector("[data-add-header]")?.addEventListener("click", () => {
  rows.append(blank.content.cloneNode(true));
  rows.lastElementChild.querySelector("input").focus();
});
