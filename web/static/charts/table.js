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

// Where most of a row were.
function fullestOf(heat, row) {
  const counts = heat.counts.map((bucket) => bucket[row]);
  const most = counts.indexOf(Math.max(...counts));
  return { all: counts.reduce((sum, count) => sum + count, 0), most, count: counts[most] };
}

// The heat map by its rows: how many there were in all, and when most of them; *was*: how
// many before, if that is known.
export function tabulateBands(heat, was) {
  const body = document.getElementById("bands");
  for (let row = heat.rows - 1; row >= 0; row -= 1) {
    const { all, most, count } = fullestOf(heat, row);
    const earlier = was ? fullestOf(was, row).all : 0;
    if (all + earlier === 0) continue;
    const query = heat.query(row);
    const linked = (counted, of) => (counted ? link(number(counted), of.series.whole({ query })) : "0");
    const line = body.insertRow();
    const head = document.createElement("th");
    head.scope = "row";
    head.append(heat.band(row));
    line.append(head);
    cell(line, linked(all, heat));
    if (was) cell(line, linked(earlier, was));
    const place = line.insertCell();
    if (all) place.append(link(`${heat.series.moment(most)}: ${number(count)}`, heat.logs(most, row)));
  }
}
