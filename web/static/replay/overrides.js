// What was changed stands beside what it replaces, and can be put back.

function was(field) {
  const row = field.closest("tr[data-recorded]");
  if (row && "value" in field.dataset) return row.dataset.recorded;
  return field.dataset.kind === "changed" ? field.defaultValue.replace(/\r\n?/g, "\n") : undefined;
}

function note(field) {
  const before = was(field);
  if (before === undefined) return;
  const place = field.closest("td, .field");
  let said = place.querySelector(":scope > .was");
  if (field.value === before) return said?.remove();
  if (!said) {
    said = document.createElement("p");
    said.className = "was";
    const back = document.createElement("button");
    back.type = "button";
    back.className = "quiet";
    back.dataset.putBack = "";
    back.textContent = "Put back";
    said.append("was ", document.createElement("bdi"), " ", back);
    field.after(said);
  }
  said.querySelector("bdi").textContent = before.length > 300 ? `${before.slice(0, 300)}…` : before || "nothing";
}

document.addEventListener("input", (event) => note(event.target));
document.addEventListener("changed", (event) => note(event.target));
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-put-back]");
  if (!button) return;
  const field = button.closest("td, .field").querySelector("input, textarea");
  field.value = was(field);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
});
