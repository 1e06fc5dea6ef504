// The page of the metrics: what is asked for, and what of it is drawn.

import { counted, timed } from "../charts/axes.js";
import { draw } from "../charts/chart.js";
import { bars, line } from "../charts/lines.js";
import { Series } from "../charts/series.js";
import { tabulate } from "../charts/table.js";

const charts = document.getElementById("charts");
const form = document.querySelector("form[data-metrics]");

function show(answer) {
  if (!answer.buckets.length) return;
  const series = new Series(answer, charts.dataset);
  charts.hidden = false;
  for (const place of charts.querySelectorAll("[data-step]")) place.textContent = `per ${series.step}`;
  draw(document.getElementById("volume"), series, {
    lines: [bars("requests", "requests"), bars("error_count", "errors")],
    vertical: counted,
    said: series.volume,
  });
  draw(document.getElementById("latency"), series, {
    lines: [
      line("p50_latency_ms", "p50"), line("p95_latency_ms", "p95", [8, 4]), line("p99_latency_ms", "p99", [2, 3]),
    ],
    vertical: timed,
    said: series.slowest,
  });
  tabulate(series);
  charts.removeAttribute("aria-busy");
}

function fail(text) {
  const place = document.getElementById("no-charts");
  place.textContent = `The charts cannot be drawn: ${text}.`;
  place.hidden = false;
}

async function load() {
  let response, answer;
  try {
    response = await fetch(charts.dataset.series, { headers: { Accept: "application/json" } });
    answer = await response.json();
  } catch {
    return fail("the appliance did not answer");
  }
  if (response.status === 401) return location.reload();
  if (response.ok) show(answer); else fail(answer.detail);
}

function ask() {
  const given = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value.trim()) given.append(name, value.trim());
  if (given.has("since") || given.has("until")) given.delete("range");
  location.assign(`/metrics-ui?${given}`);
}

form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
for (const choice of form.querySelectorAll("select")) choice.addEventListener("change", ask);
if (charts) load();
