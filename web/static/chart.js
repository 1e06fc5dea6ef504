// A chart of a series over time: pointing reads, dragging zooms, clicking opens logs.

import { onChange } from "/static/theme.js";

const HEIGHT = 220;
const counts = new Intl.NumberFormat("en", { notation: "compact" });
const WHOLE_STEPS = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((n) => n * 10 ** power)).flat();

// The theme's colours are where the stylesheet has them: on the legend's swatches.
function ink(name) {
  return () => getComputedStyle(document.querySelector(`.ink-${name}`)).backgroundColor;
}

// A value between two gaps has no line to be seen by.
function alone(chart, series) {
  const values = chart.data[series];
  const found = [];
  values.forEach((value, index) => {
    if (value !== null && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null) found.push(index);
  });
  return found;
}

export function bars(name, colour) {
  return { name, fill: ink(colour), stroke: ink(colour), width: 0, paths: uPlot.paths.bars({ size: [0.86, 80, 1] }), points: { show: false } };
}

export function line(name, colour, dash) {
  return { name, stroke: ink(colour), width: 2, dash, points: { show: false, filter: alone, size: 5, fill: ink(colour), width: 0 } };
}

export const counted = { size: 50, incrs: WHOLE_STEPS, values: (_, splits) => splits.map((value) => counts.format(value)) };
export const timed = { size: 66, values: (_, splits) => splits.map((value) => (value >= 1000 ? `${value / 1000} s` : `${value} ms`)) };

function clock(_, splits, __, ___, step) {
  const hours = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(step < 60 ? { second: "2-digit" } : {}) });
  const days = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
  return splits.map((split) => {
    const time = new Date(split * 1000);
    const isDay = time.getHours() + time.getMinutes() + time.getSeconds() === 0;
    return (isDay ? days : hours).format(time);
  });
}

function axes(plot, vertical) {
  const style = getComputedStyle(plot);
  const rule = { stroke: () => style.borderTopColor, width: 1 };
  const shared = { stroke: () => style.color, grid: rule, ticks: rule, font: "12px system-ui, sans-serif" };
  return [{ ...shared, values: clock, space: 70, size: 34 }, { ...shared, ...vertical }];
}

function hooks(series, readout) {
  const [text, link] = readout.children;
  return {
    setCursor: [({ cursor }) => {
      if (typeof cursor.idx !== "number") return;
      text.textContent = series.text(cursor.idx);
      link.href = series.logs(cursor.idx);
      link.hidden = false;
    }],
    setSelect: [(chart) => {
      const { left, width } = chart.select;
      if (width === 0) return;
      const [from, to] = [left, left + width].map((at) => chart.posToVal(at, "x") * 1000);
      location.assign(series.around(from, to));
    }],
  };
}

function move(event, chart, series) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const last = series.starts.length - 1;
  const at = chart.cursor.idx ?? null;
  if (event.key === "Enter" && at !== null) return location.assign(series.logs(at));
  const to = { ArrowLeft: (at ?? last + 1) - 1, ArrowRight: (at ?? -1) + 1, Home: 0, End: last }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const index = Math.min(Math.max(to, 0), last);
  chart.setCursor({ left: chart.valToPos(chart.data[0][index], "x"), top: chart.over.clientHeight / 2 });
}

export function draw(plot, series, { lines, vertical, said }) {
  const readout = plot.parentElement.querySelector(".readout");
  readout.firstElementChild.textContent = said;
  const size = () => ({ width: plot.clientWidth, height: HEIGHT });
  const options = {
    ...size(),
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false, dist: 4 },
      sync: { key: "metrics", filters: { pub: (type) => type === "mousemove" || type === "mouseleave" } },
    },
    scales: {
      x: { range: () => [series.first / 1000, series.last / 1000] },
      y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] },
    },
    axes: axes(plot, vertical),
    series: [{}, ...lines.map(({ name, ...look }) => look)],
    hooks: hooks(series, readout),
  };
  const chart = new uPlot(options, [series.middles, ...lines.map(({ name }) => series.values(name))], plot);
  chart.over.addEventListener("click", ({ pointerType }) => {
    // A finger reads first; the link beside the figures leads on.
    if (pointerType !== "touch" && typeof chart.cursor.idx === "number") location.assign(series.logs(chart.cursor.idx));
  });
  plot.addEventListener("keydown", (event) => move(event, chart, series));
  new ResizeObserver(() => chart.setSize(size())).observe(plot);
  // Paths too: those of bars keep the colour they were made with.
  onChange(() => chart.redraw());
}
