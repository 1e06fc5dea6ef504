// The table behind the charts: a row for each moment that had requests.

import { localise } from "../shell/times.js";
import { milliseconds, number } from "./series.js";

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
