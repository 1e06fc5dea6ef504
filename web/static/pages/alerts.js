// The form of a rule asks for what its kind needs, and shows what it would have done.

import { offer } from "../alerts/endpoint.js";
import { preview } from "../alerts/preview.js";

function suit(form) {
  const chosen = form.elements.aggregate.value || "log";
  const { condition_field: compared } = form.elements;
  const isOfLogs = ["log", "count"].includes(chosen);
  const wanted = isOfLogs && compared.value === "" ? [chosen] : [chosen, "compared"];
  for (const part of form.querySelectorAll("[data-for]")) {
    part.hidden = !part.dataset.for.split(" ").some((one) => wanted.includes(one));
  }
  for (const field of form.querySelectorAll("[data-kind]")) {
    field.disabled = field.closest("[data-for][hidden]") !== null;
  }
}

for (const form of document.querySelectorAll("form[data-rule]")) {
  for (const name of ["aggregate", "condition_field"]) {
    form.elements[name].addEventListener("change", () => suit(form));
  }
  suit(form);
  preview(form);
  offer(form);
}

// A link may begin a rule: `?new=rule&query=…`.
const given = new URLSearchParams(location.search);
const begun = document.getElementById("new-rule");
if (given.get("new") === "rule" && begun) {
  const form = begun.querySelector("form");
  for (const name of ["service_id", "query", "aggregate"]) {
    if (given.has(name)) form.elements[name].value = given.get(name);
  }
  suit(form);
  begun.showModal();
}
