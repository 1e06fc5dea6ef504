// The heat map: a cell is how many requests of a moment took about as long.

import { draw } from "./chart.js";
import { milliseconds, plural } from "./words.js";

class Heat {
  constructor(answer, series) {
    this.series = series;
    this.edges = answer.edges_ms;
    this.rows = this.edges.length - 1;
    this.counts = answer.buckets.map(({ counts }) => counts);
    this.most = Math.max(1, ...this.counts.flat());
    this.row = 0;
  }

  count(index) { return this.counts[index]?.[this.row] ?? 0; }

  get between() {
    const [from, to] = this.edges.slice(this.row, this.row + 2);
    if (to === null) return `${milliseconds(from)} and more`;
    return `${milliseconds(from)} to ${milliseconds(to)}`;
  }

  text(index) {
    return `${this.series.moment(index)} · ${this.between} · ${plural(this.count(index), "request", "requests")}`;
  }

  // Those of the cell; *below* excludes what the next one counts.
  logs(index) {
    if (this.count(index) === 0) return null;
    const [from, to] = this.edges.slice(this.row, this.row + 2);
    const query = [`latency:>=${from}`, ...(to === null ? [] : [`latency:<${to}`])].join(" ");
    return this.series.logs(index, { query });
  }

  turn(key) {
    const by = { ArrowUp: 1, ArrowDown: -1 }[key];
    if (by === undefined) return false;
    this.row = Math.min(Math.max(this.row + by, 0), this.rows - 1);
    return true;
  }

  // Where the cursor stands by keys: in the middle of the row.
  top(chart) { return chart.valToPos(this.row + 0.5, "y"); }

  get fullest() {
    let place = [0, 0];
    this.counts.forEach((counts, at) => counts.forEach((count, row) => {
      if (count > (this.counts[place[0]][place[1]] ?? 0)) place = [at, row];
    }));
    this.row = place[1];
    return `Most in one cell: ${this.text(place[0])}.`;
  }
}

function painting(heat, ink) {
  return (chart) => {
    const { ctx } = chart;
    ctx.save();
    ctx.fillStyle = ink();
    heat.counts.forEach((counts, at) => {
      const start = heat.series.starts[at];
      const [left, right] = [start, start + heat.series.width].map((time) => chart.valToPos(time / 1000, "x", true));
      counts.forEach((count, row) => {
        if (count === 0) return;
        const [bottom, top] = [row, row + 1].map((place) => chart.valToPos(place, "y", true));
        ctx.globalAlpha = 0.12 + 0.88 * (Math.log1p(count) / Math.log1p(heat.most));
        ctx.fillRect(left, top, Math.max(right - left - 1, 1), Math.max(bottom - top - 1, 1));
      });
    });
    ctx.restore();
  };
}

// At most so many edges are written at the side.
function sides(heat) {
  const every = Math.ceil(heat.rows / 8);
  const splits = Array.from({ length: heat.rows + 1 }, (_, row) => row).filter((row) => row % every === 0);
  const said = (row) => (heat.edges[row] === null ? "" : milliseconds(heat.edges[row]));
  return { size: 66, splits: () => splits, values: (_, rows) => rows.map(said), grid: { show: false } };
}

export function drawHeat(plot, answer, series, ink, paint) {
  const heat = new Heat(answer, series);
  if (heat.rows < 1 || heat.counts.length !== series.starts.length) {
    plot.closest("section").hidden = true;
    return;
  }
  const chart = draw(plot, series, {
    lines: [{ name: "none", values: series.starts.map(() => null), points: { show: false } }],
    vertical: sides(heat),
    said: heat.fullest,
    reading: heat,
    range: () => [0, heat.rows],
    paint: [painting(heat, ink), ...paint],
  });
  chart.over.addEventListener("mousemove", ({ offsetY }) => {
    heat.row = Math.min(Math.max(Math.floor(chart.posToVal(offsetY, "y")), 0), heat.rows - 1);
  }, { capture: true });
}
