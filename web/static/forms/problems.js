// What /v1 refused is said at the field that it is about, else above the form.

import { say } from "../shell/announce.js";

export function showProblem(form, problem) {
  let first = null;
  const rest = [];
  for (const error of problem.errors ?? []) {
    const name = String(error.loc[1] ?? "");
    const place = name && form.querySelector(`[data-error="${CSS.escape(name)}"]`);
    const field = name && form.elements[name];
    if (!place || !field) { rest.push(`${name} ${error.msg}`); continue; }
    place.textContent = error.msg;
    field.setAttribute("aria-invalid", "true");
    field.closest("details")?.setAttribute("open", "");
    first ??= field;
  }
  if (!(problem.errors ?? []).length || rest.length) {
    const text = rest.join("; ") || problem.detail || "That did not work.";
    const place = form.querySelector('[data-error=""]');
    if (place) place.textContent = text; else say(text);
  }
  first?.focus();
}

export function clearProblems(form) {
  for (const place of form.querySelectorAll("[data-error]")) place.textContent = "";
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
}
