// A chart by keyboard: arrows read, Shift selects, Enter zooms or leads to the logs.

import { zoned } from "../shell/zone.js";

export function zoom(chart, series, left, right) {
  const [from, to] = [left, right].map((at) => chart.posToVal(at, "x") * 1000);
  location.assign(zoned(series.around(from, to)));
}

function select(chart, from, to) {
  const [left, right] = [Math.min(from, to), Math.max(from, to)];
  chart.isByKeys = true;
  chart.setSelect({ left, width: right - left, top: 0, height: chart.over.clientHeight });
}

// Shift selects from where the cursor was on; Enter zooms into that, else opens the logs.
export function steer(event, chart, series, reading) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const last = series.starts.length - 1;
  const at = chart.cursor.idx ?? null;
  if (event.key === "Escape") return select(chart, 0, 0);
  if (event.key === "Enter" && chart.isByKeys && chart.select.width > 0) {
    return zoom(chart, series, chart.select.left, chart.select.left + chart.select.width);
  }
  if (event.key === "Enter" && at !== null) return follow(reading.logs(at));
  const to = { ArrowLeft: (at ?? last + 1) - 1, ArrowRight: (at ?? -1) + 1, Home: 0, End: last }[event.key];
  const isRead = to === undefined && reading.turn?.(event.key);
  if (to === undefined && !isRead) return;
  event.preventDefault();
  const index = Math.min(Math.max(to ?? at ?? last, 0), last);
  const place = (moment) => chart.valToPos(moment / 1000, "x");
  if (event.shiftKey && to !== undefined) {
    chart.anchor ??= at ?? index;
    const [first, end] = [Math.min(chart.anchor, index), Math.max(chart.anchor, index)];
    select(chart, place(series.starts[first]), place(series.starts[end] + series.width));
  } else if (to !== undefined) {
    chart.anchor = null;
    if (chart.isByKeys) select(chart, 0, 0);
  }
  chart.setCursor({ left: chart.valToPos(chart.data[0][index], "x"), top: reading.top?.(chart) ?? 10 }, true, true);
}

export function follow(logs) {
  if (logs !== null) location.assign(zoned(logs));
}
