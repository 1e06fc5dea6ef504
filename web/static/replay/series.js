// The same request many times: how the answers spread.

import { content } from "../forms/values.js";
import { clearProblems, showProblem } from "../forms/problems.js";

function made(name, text, attributes = {}) {
  const element = document.createElement(name);
  element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

const ms = (value) => (value === null ? "n/a" : value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`);

function table(names, rows) {
  const all = document.createElement("table");
  const head = all.createTHead().insertRow();
  for (const name of names) head.append(made("th", name, { scope: "col" }));
  const body = all.createTBody();
  for (const cells of rows) {
    const row = body.insertRow();
    for (const cell of cells) row.insertCell().append(cell);
  }
  return all;
}

function show(place, answer) {
  const { latency_ms: took, statuses, answers } = answer;
  const link = (one) => (one.replay_log_id
    ? made("a", "open", { href: `/log/${one.replay_log_id}` }) : "not recorded");
  const said = Object.entries(statuses).map(([status, n]) => `${n} × ${status}`).join(", ");
  const different = answers.length === 1 ? "all the same" : `${answers.length} different answers`;
  place.replaceChildren(
    made("p", `${answer.sent} of ${answer.count} sent: ${said}; ${different}.`),
    made("p", `Latency ${ms(took.min)} at least, ${ms(took.median)} in the middle, ${ms(took.max)} at most.`),
    table(["Times", "Status", "Kept", "One of them"], answers.map((one) => [
      String(one.count), String(one.status_code ?? "none"), `${one.size} B`, link(one),
    ])),
  );
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-send-series]");
  if (!button) return;
  const form = button.closest("form"), series = button.closest("[data-series]");
  const place = series.querySelector("[data-spread]");
  clearProblems(form);
  const numbers = Object.fromEntries(["count", "concurrency"].map((name) => [name, Number(form.elements[name].value)]));
  button.disabled = true;
  place.textContent = "Sending …";
  try {
    const response = await fetch(series.dataset.series, {
      method: "POST",
      headers: { Accept: "application/json", "Content-Type": "application/json" },
      body: JSON.stringify({ ...content(form), ...numbers }),
    });
    const answer = await response.json();
    place.textContent = "";
    if (response.ok) show(place, answer); else showProblem(form, answer);
  } catch {
    place.textContent = "";
    showProblem(form, { detail: "The appliance did not answer." });
  } finally {
    button.disabled = false;
  }
});
