// The form of a rule asks for what its kind needs.

function suit(form) {
  const chosen = form.elements.aggregate.value || "log";
  for (const part of form.querySelectorAll("[data-for]")) {
    part.hidden = !part.dataset.for.split(" ").includes(chosen);
  }
  for (const field of form.querySelectorAll("[data-kind]")) {
    field.disabled = field.closest("[data-for][hidden]") !== null;
  }
}

for (const form of document.querySelectorAll("form[data-rule]")) {
  form.elements.aggregate.addEventListener("change", () => suit(form));
  suit(form);
}
