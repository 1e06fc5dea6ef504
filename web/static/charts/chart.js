// A chart of a series over time: pointing reads, dragging zooms, clicking opens logs.

import { onChange } from "../shell/theme.js";
import { axes } from "./axes.js";

const HEIGHT = 220;

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
