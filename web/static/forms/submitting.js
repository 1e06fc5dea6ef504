// A form with data-api is a call of /v1; data-then says what follows.

import { zoned } from "../shell/zone.js";
import { clearProblems, showProblem } from "./problems.js";
import { content } from "./values.js";

function after(form, answer) {
  const then = form.dataset.then;
  if (then === "key") {
    document.getElementById("raw-key").textContent = answer.raw_key ?? answer.raw_token;
    const shown = document.getElementById("new-key");
    shown.hidden = false;
    shown.querySelector("button").focus();
    form.reset();
    return;
  }
  if (then === "event") return form.dispatchEvent(new CustomEvent("answered", { detail: answer }));
  if (then === "reload") reload();
  else location.assign(zoned(then.replace("{id}", encodeURIComponent(answer?.id ?? ""))));
}

// Whoever shows the form's page within another renders it anew by itself.
export function reload() {
  if (document.dispatchEvent(new CustomEvent("reload", { cancelable: true }))) location.reload();
}

async function send(form) {
  const [method, path] = form.dataset.api.split(" ");
  const options = { method, headers: { Accept: "application/json" } };
  if (method !== "DELETE") {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(content(form));
  }
  const response = await fetch(path, options);
  const answer = response.status === 204 ? null : await response.json();
  if (response.ok) after(form, answer);
  else showProblem(form, answer);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.api) return;
  event.preventDefault();
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) return;
  const guard = form.querySelector("[data-must-equal]");
  if (guard && guard.value !== guard.dataset.mustEqual) {
    showProblem(form, { detail: "The name is not the same." });
    return guard.focus();
  }
  clearProblems(form);
  const buttons = form.querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  try {
    await send(form);
  } catch {
    showProblem(form, { detail: "The appliance did not answer." });
  } finally {
    for (const button of buttons) button.disabled = false;
  }
});
