// The same request many times: how the answers spread.

import { content } from "../forms/values.js";
import { clearProblems, showProblem } from "../forms/problems.js";

const SVG = "http://www.w3.org/2000/svg", SHOWN = 10;

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

// Each answer is a mark where its latency is, between the least and the most.
function strip(items, most) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ class: "spread", viewBox: "0 0 1000 16", "aria-hidden": "true",
    preserveAspectRatio: "none" })) svg.setAttribute(key, value);
  for (const { latency_ms: took, status_code: status } of items.filter((one) => one.latency_ms !== null)) {
    const mark = document.createElementNS(SVG, "rect");
    mark.setAttribute("x", String(Math.round(990 * took / (most || 1))));
    for (const [key, value] of [["width", "4"], ["height", "16"]]) mark.setAttribute(key, value);
    if (!(status < 500)) mark.setAttribute("class", "bad");
    svg.append(mark);
  }
  return svg;
}

function varying(varies, answers) {
  if (!varies || answers.length < 2) return [];
  const places = [...varies.body, ...varies.headers];
  if (!places.length) return [];
  const said = made("p", "They differ from each other in ");
  places.slice(0, SHOWN).forEach((place, n) => said.append(n ? ", " : "", made("code", place)));
  said.append(places.length > SHOWN ? ` and ${places.length - SHOWN} more places.` : ".");
  return [said];
}

function show(place, answer) {
  const { latency_ms: took, statuses, answers } = answer;
  const id = (one) => one.replay_log_id ?? one.log_id;
  const link = (one) => (id(one) ? made("a", "open", { href: `/log/${id(one)}` }) : "not recorded");
  const said = Object.entries(statuses).map(([status, n]) => `${n} × ${status}`).join(", ");
  const different = answers.length === 1 ? "all the same" : `${answers.length} different answers`;
  const rows = answers.slice(0, SHOWN).map((one) => [
    String(one.count), String(one.status_code ?? "none"), `${one.size} B`, link(one),
  ]);
  place.replaceChildren(
    made("p", `${answer.sent} of ${answer.count} sent: ${said}; ${different}.`),
    ...varying(answer.varies, answers),
    made("p", `Latency ${ms(took.min)} at least, ${ms(took.median)} in the middle, `
      + `${ms(took.p95)} for 95 % of them, ${ms(took.max)} at most.`),
    strip(answer.items, took.max),
    table(["Times", "Status", "Kept", "One of them"], rows),
  );
  if (answers.length > SHOWN) place.append(made("p", `The ${SHOWN} most frequent ones are shown.`));
  // The history has each of them.
  document.dispatchEvent(new CustomEvent("reload", { cancelable: true }));
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
