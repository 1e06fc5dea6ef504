// The page of the metrics: its form, its charts, and the table behind them.

import { localise } from "./app.js";
import { bars, counted, draw, line, timed } from "./chart.js";
import { Series, milliseconds, number } from "./series.js";

const charts = document.getElementById("charts");
const form = document.querySelector("form[data-metrics]");

function link(text, href) {
  const made = document.createElement("a");
  made.href = href;
  made.append(text);
  return made;
}

function cell(row, content) {
  const made = row.insertCell();
  made.className = "num";
  made.append(content);
}

function tabulate(series) {
  const body = document.getElementById("series");
  series.buckets.forEach((bucket, index) => {
    if (bucket.requests === 0) return;
    const row = body.insertRow();
    const head = document.createElement("th");
    const time = document.createElement("time");
    head.scope = "row";
    time.dateTime = bucket.start;
    head.append(link(time, series.zoomed(series.starts[index], series.starts[index] + series.width)));
    row.append(head);
    cell(row, link(number(bucket.requests), series.logs(index)));
    cell(row, link(number(bucket.error_count), series.logs(index, { is_error: "true" })));
    for (const name of ["avg", "p50", "p95", "p99"]) {
      const value = bucket[`${name}_latency_ms`];
      const least = name === "avg" ? 0 : value;
      cell(row, value === null ? "n/a" : link(milliseconds(value), series.logs(index, { min_latency_ms: least })));
    }
  });
  localise(body);
}

function show(answer) {
  if (!answer.buckets.length) return;
  const series = new Series(answer, charts.dataset);
  charts.hidden = false;
  for (const place of charts.querySelectorAll("[data-step]")) place.textContent = `per ${series.step}`;
  draw(document.getElementById("volume"), series, {
    lines: [bars("requests", "requests"), bars("error_count", "errors")], vertical: counted, said: series.volume,
  });
  draw(document.getElementById("latency"), series, {
    lines: [line("p50_latency_ms", "p50"), line("p95_latency_ms", "p95", [8, 4]), line("p99_latency_ms", "p99", [2, 3])], vertical: timed, said: series.slowest,
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
