// Parts of a form that go with a choice: data-for has `name:value` of each that shows it.

export function suit(form) {
  for (const part of form.querySelectorAll("[data-for]")) {
    part.hidden = !part.dataset.for.split(" ").some((choice) => {
      const [name, value] = choice.split(":");
      return form.elements[name].value === value;
    });
  }
  for (const field of form.querySelectorAll("[data-kind]")) {
    field.disabled = field.closest("[data-for][hidden]") !== null;
    // A browser without a script would ask for those that are not to be sent.
    if ("required" in field.dataset) field.required = true;
  }
}
