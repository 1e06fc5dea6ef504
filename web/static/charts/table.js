// The table behind the charts: a row for each moment that had requests.

import { localise } from "../shell/times.js";
import { milliseconds, number } from "./words.js";

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

export function tabulate(series) {
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

// The heat map by its rows: how many there were in all, and when most of them.
export function tabulateBands(heat, series) {
  const body = document.getElementById("bands");
  for (let row = heat.edges_ms.length - 2; row >= 0; row -= 1) {
    const [from, to] = heat.edges_ms.slice(row, row + 2);
    const counts = heat.buckets.map((bucket) => bucket.counts[row]);
    const all = counts.reduce((sum, count) => sum + count, 0);
    if (all === 0) continue;
    const query = [`latency:>=${from}`, ...(to === null ? [] : [`latency:<${to}`])].join(" ");
    const most = counts.indexOf(Math.max(...counts));
    const line = body.insertRow();
    const head = document.createElement("th");
    head.scope = "row";
    head.append(to === null ? `${milliseconds(from)} and more` : `${milliseconds(from)} to ${milliseconds(to)}`);
    line.append(head);
    cell(line, link(number(all), series.whole({ query })));
    line.insertCell().append(link(`${series.moment(most)}: ${number(counts[most])}`, series.logs(most, { query })));
  }
}
