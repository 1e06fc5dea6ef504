// The page of the metrics: what is asked for, and what of it is drawn.

import { counted, shared, timed } from "../charts/axes.js";
import { draw } from "../charts/chart.js";
import { drawHeat } from "../charts/heat.js";
import { bars, before, ink, line } from "../charts/lines.js";
import { marksOf, painted } from "../charts/marks.js";
import { Series } from "../charts/series.js";
import { tabulate, tabulateBands } from "../charts/table.js";

const charts = document.getElementById("charts");
const form = document.querySelector("form[data-metrics]");

function show(answer, heat, was) {
  if (!answer.buckets.length) return;
  const marks = marksOf(document.getElementById("marks"));
  const series = new Series(answer, charts.dataset, marks);
  const earlier = was?.total_requests ? new Series(was, charts.dataset) : null;
  charts.hidden = false;
  for (const place of charts.querySelectorAll("[data-step]")) place.textContent = `per ${series.step}`;
  for (const place of charts.querySelectorAll(".was-shown")) place.hidden = earlier === null;
  // *name*: what is drawn of the time before, too.
  const chart = (id, name, { lines, ...more }) => {
    const plot = document.getElementById(id);
    const beside = earlier ? [before(series.beside(earlier, name), "before")] : [];
    draw(plot, series, { ...more, lines: [...lines, ...beside], paint: [painted(marks, plot)] });
  };
  chart("volume", "requests", {
    lines: [bars("requests", "requests"), bars("error_count", "errors")], vertical: counted, said: series.volume,
  });
  chart("failures", "error_rate", { lines: [line("error_rate", "errors")], vertical: shared, said: series.failing });
  chart("latency", "p95_latency_ms", {
    lines: [
      line("p50_latency_ms", "p50"), line("p95_latency_ms", "p95", [8, 4]), line("p99_latency_ms", "p99", [2, 3]),
    ],
    vertical: timed,
    said: series.slowest,
  });
  const plot = document.getElementById("heat");
  drawHeat(plot, heat, series, ink("heat"), [painted(marks, plot)]);
  tabulate(series);
  tabulateBands(heat, series);
  charts.removeAttribute("aria-busy");
}

function fail(text) {
  const place = document.getElementById("no-charts");
  place.textContent = `The charts cannot be drawn: ${text}.`;
  place.hidden = false;
}

async function asked(address) {
  if (!address) return null;
  const response = await fetch(address, { headers: { Accept: "application/json" } });
  const answer = await response.json();
  if (response.status === 401) location.reload();
  if (!response.ok) throw new RangeError(answer.detail);
  return answer;
}

async function load() {
  const { series, heat, before: was } = charts.dataset;
  try {
    show(...await Promise.all([asked(series), asked(heat), asked(was)]));
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    fail(error instanceof RangeError ? error.message : "the appliance did not answer");
  }
}

function ask() {
  const given = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value.trim()) given.append(name, value.trim());
  if (given.get("compare") === "previous") given.delete("compare");
  if (given.has("since") || given.has("until")) given.delete("range");
  location.assign(`/metrics-ui?${given}`);
}

form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
for (const choice of form.querySelectorAll("select")) choice.addEventListener("change", ask);
if (charts) load();
