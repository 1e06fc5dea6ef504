// What a form's fields mean to /v1, by their data-kind.

function unbroken(field) {
  // A field of one line takes line breaks out of what it was given: nobody asked for that.
  const given = field.defaultValue ?? "";
  return field.value === given.replace(/[\r\n]/g, "") ? given : field.value;
}

function value(field) {
  const text = field.value.trim();
  if (field.disabled) return null;
  switch (field.dataset.kind) {
    case "flag": return field.checked;
    case "number": return text === "" ? null : Number(text);
    case "days": return text === "" ? null : new Date(Date.now() + Number(text) * 86_400_000).toISOString();
    case "minutes": return text === "" ? null : new Date(Date.now() + Number(text) * 60_000).toISOString();
    case "moment": return text === "" ? null : new Date(text).toISOString();
    case "json": return text === "" ? null : JSON.parse(text);
    case "changed": return field.value === field.defaultValue.replace(/\r\n?/g, "\n") ? null : field.value;
    case "whole": return field.value === "" ? null : field.value;
    case "lines": return field.value.split("\n").map((line) => line.trim()).filter(Boolean);
    default: return text === "" ? null : unbroken(field);
  }
}

export function content(form) {
  const made = {};
  for (const field of form.querySelectorAll("[data-kind]")) {
    const given = value(field);
    if (given !== null || "nulls" in form.dataset) made[field.name] = given;
  }
  return made;
}
