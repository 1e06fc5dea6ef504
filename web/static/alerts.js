// The form of a rule asks for what its kind needs; a new secret is shown once.

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

for (const form of document.querySelectorAll("form[data-secret]")) {
  form.addEventListener("answered", ({ detail }) => {
    const next = form.dataset.next.replace("{id}", encodeURIComponent(detail.id));
    if (!detail.secret) return location.assign(next);
    document.getElementById("secret").textContent = detail.secret;
    document.getElementById("secret-next").href = next;
    const shown = document.getElementById("new-secret");
    form.hidden = true;
    shown.hidden = false;
    shown.querySelector("button").focus();
  });
}
