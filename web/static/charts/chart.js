// A chart of a series over time: pointing reads, dragging zooms, clicking opens logs.

import { onChange } from "../shell/theme.js";
import { zone } from "../shell/zone.js";
import { axes } from "./axes.js";
import { follow, steer, zoom } from "./steering.js";

const HEIGHT = 200;

// A moment in words, and where its logs are, now and before; null: there are none.
function read(reading, readout, index) {
  const [text, ...links] = readout.children;
  text.textContent = reading.text(index);
  const addresses = [reading.logs(index), reading.before?.(index) ?? null];
  links.forEach((link, at) => {
    link.hidden = addresses[at] === null;
    if (addresses[at] !== null) link.href = addresses[at];
  });
}

function hooks(series, reading, readout, paint) {
  return {
    setCursor: [({ cursor }) => {
      if (typeof cursor.idx === "number") read(reading, readout, cursor.idx);
    }],
    setSelect: [(chart) => {
      const { left, width } = chart.select;
      if (width > 0 && !chart.isByKeys) zoom(chart, series, left, left + width);
    }],
    draw: paint,
  };
}

export function draw(plot, series, { lines, vertical, said, reading = series, range, shift, paint = [] }) {
  const readout = plot.parentElement.querySelector(".readout");
  readout.firstElementChild.textContent = said;
  const size = () => ({ width: plot.clientWidth, height: HEIGHT });
  const options = {
    ...size(),
    // Where days and hours begin.
    tzDate: (moment) => uPlot.tzDate(new Date(moment * 1000), zone()),
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false, dist: 4 },
      sync: { key: "metrics", filters: { pub: (type) => type === "mousemove" || type === "mouseleave" } },
    },
    scales: {
      x: { range: () => [series.first / 1000, series.last / 1000] },
      y: { range: range ?? ((_, __, most) => [0, most > 0 ? most * 1.08 : 1]) },
    },
    axes: axes(plot, vertical, shift),
    series: [{}, ...lines.map(({ name, values, ...look }) => look)],
    hooks: hooks(series, reading, readout, paint),
  };
  const data = [series.middles, ...lines.map(({ name, values }) => values ?? series.values(name))];
  const chart = new uPlot(options, data, plot);
  chart.over.addEventListener("mousedown", () => { chart.isByKeys = false; });
  chart.over.addEventListener("click", ({ pointerType }) => {
    // A finger reads first; the link beside the figures leads on.
    if (pointerType !== "touch" && typeof chart.cursor.idx === "number") follow(reading.logs(chart.cursor.idx));
  });
  // One cursor moves all readouts; only the one that is worked with speaks.
  const speak = (how) => () => readout.firstElementChild.setAttribute("aria-live", how);
  plot.addEventListener("focus", speak("polite"));
  plot.addEventListener("blur", speak("off"));
  plot.addEventListener("keydown", (event) => steer(event, chart, series, reading));
  new ResizeObserver(() => chart.setSize(size())).observe(plot);
  // Paths too: those of bars keep the colour they were made with.
  onChange(() => chart.redraw());
  return chart;
}
