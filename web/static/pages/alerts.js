// The form of a rule asks for what its kind needs, and shows what it would have done.

import { offer } from "../alerts/endpoint.js";
import { preview } from "../alerts/preview.js";
import { suit } from "../forms/suiting.js";

for (const form of document.querySelectorAll("form[data-rule]")) {
  form.addEventListener("change", () => suit(form));
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
