// The page of the metrics: what is asked for, and what of it is drawn.

import { counted, shared, timed } from "../charts/axes.js";
import { Beside } from "../charts/beside.js";
import { draw } from "../charts/chart.js";
import { drawHeat } from "../charts/heat_chart.js";
import { bars, ink, line } from "../charts/lines.js";
import { marksOf, painted } from "../charts/marks.js";
import { Series } from "../charts/series.js";
import { tabulate } from "../charts/table.js";

const charts = document.getElementById("charts");
const form = document.querySelector("form[data-metrics]");

const markedIn = (id) => marksOf(document.getElementById(id));

function shown(series, beside, marks) {
  // *before*: what of the time before is drawn and said, too.
  const chart = (id, before, { lines, ...more }) => {
    const plot = document.getElementById(id);
    const were = beside?.lines(lines.filter(({ isBeside = true }) => isBeside)) ?? [];
    const reading = beside?.reading(before);
    draw(plot, series, { ...more, reading, lines: [...lines, ...were], paint: [painted(marks, plot)] });
  };
  chart("volume", "requests", {
    lines: [bars("requests", "requests"), { ...bars("error_count", "errors"), isBeside: false }],
    vertical: counted,
    said: series.volume,
  });
  chart("failures", "error_rate", { lines: [line("error_rate", "errors")], vertical: shared, said: series.failing });
  chart("latency", "latency", {
    lines: [
      line("p50_latency_ms", "p50"), line("p95_latency_ms", "p95", [8, 4]), line("p99_latency_ms", "p99", [2, 3]),
    ],
    vertical: timed,
    said: series.slowest,
  });
}

function show(answer, heat, was, heatWas) {
  if (!answer.buckets.length) return;
  const marks = markedIn("marks");
  const series = new Series(answer, charts.dataset, marks);
  const { logsBefore: logs, page } = charts.dataset;
  const beside = was?.buckets.length ? new Beside(series, new Series(was, { logs, page })) : null;
  charts.hidden = false;
  for (const place of charts.querySelectorAll("[data-step]")) place.textContent = `per ${series.step}`;
  shown(series, beside, marks);
  const plot = document.getElementById("heat");
  const before = beside && { plot: document.getElementById("heat-before"), answer: heatWas, beside };
  // What was marked then stands where it was in its window.
  const earlier = beside ? markedIn("marks-before").map((mark) => ({ ...mark, at: mark.at - beside.shift })) : [];
  if (before) before.paint = [painted(earlier, before.plot)];
  drawHeat(plot, heat, series, { ink: ink("heat"), paint: [painted(marks, plot)], before });
  tabulate(series);
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
  const { series, heat, before, heatBefore } = charts.dataset;
  try {
    show(...await Promise.all([series, heat, before, heatBefore].map(asked)));
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
