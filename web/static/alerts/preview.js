// What a rule that is being made would have measured, and how often it would have fired.

import { content } from "../forms/values.js";

const PAUSE_MS = 400;
const WAITING = "What it would have done is shown here once the rule is complete.";
const [WIDTH, HEIGHT] = [600, 80];
const rounded = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

function times(count) {
  return count === 1 ? "once" : `${rounded.format(count)} times`;
}

function said({ series, threshold, fired_last_day: day, fired_last_week: week }) {
  const values = series.map(({ value }) => value).filter((value) => value !== null);
  const highest = values.length ? `; the highest was ${rounded.format(Math.max(...values))}` : "; nothing was measured";
  const weekly = week === null ? "a week takes too long to count" : `${times(week)} in the last week`;
  return `Would have fired ${times(day)} in the last day, ${weekly}${threshold === null ? "" : highest}.`;
}

function lines(series, place) {
  const step = WIDTH / series.length;
  let path = "";
  let isDrawn = false;
  series.forEach(({ value }, at) => {
    if (value !== null) path += `${isDrawn ? "L" : "M"}${(at * step).toFixed(1)} ${place(value)}h${step.toFixed(1)}`;
    isDrawn = value !== null;
  });
  return path;
}

function draw(svg, { series, threshold }) {
  const values = series.map(({ value }) => value ?? 0);
  const most = Math.max(...values, threshold ?? 0) * 1.1 || 1;
  const place = (value) => (HEIGHT - (value / most) * HEIGHT).toFixed(1);
  svg.querySelector(".measured").setAttribute("d", lines(series, place));
  const limit = threshold === null ? "" : `M0 ${place(threshold)}H${WIDTH}`;
  svg.querySelector(".limit").setAttribute("d", limit);
}

function body(form) {
  const { muted_until: _, name, ...fields } = content(form);
  return { service_id: form.dataset.service || null, ...fields, ...(name && { name }) };
}

async function ask(form, signal) {
  const response = await fetch("/v1/alerts/preview", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body(form)),
    signal,
  });
  return [response.ok, await response.json()];
}

// As far as the browser knows: a rule need not have a name for this.
function isComplete(form) {
  const { aggregate, threshold } = form.elements;
  if (aggregate.value === "count" && threshold.value === "") return false;
  const is = (field) => field.name === "name" || field.disabled || field.validity?.valid !== false;
  return [...form.elements].every(is);
}

export function preview(form) {
  const place = form.querySelector("[data-preview]");
  const [text, svg] = [place.querySelector("p"), place.querySelector("svg")];
  let [asking, waiting] = [new AbortController(), 0];

  async function show() {
    asking.abort();
    if (!isComplete(form)) {
      text.textContent = WAITING;
      return;
    }
    asking = new AbortController();
    try {
      const [isOk, answer] = await ask(form, asking.signal);
      svg.toggleAttribute("hidden", !isOk);
      text.textContent = isOk ? said(answer) : answer.errors ? WAITING : `${answer.detail}.`;
      if (isOk) draw(svg, answer);
    } catch (error) {
      if (error.name !== "AbortError") text.textContent = "The appliance did not answer.";
    }
  }

  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, PAUSE_MS);
  });
  // A dialog that is opened shows what its rule does now.
  new MutationObserver(() => { if (form.closest("dialog").open) show(); })
    .observe(form.closest("dialog"), { attributes: true, attributeFilter: ["open"] });
}
