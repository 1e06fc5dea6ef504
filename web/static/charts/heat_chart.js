// The heat map drawn, and beside it that of the time before: the same rows, the same shades.

import { draw } from "./chart.js";
import { edgesOf, Heat } from "./heat.js";
import { tabulateBands } from "./table.js";
import { milliseconds } from "./words.js";

// Where *series* has its moments; *most* is the darkest.
function painting({ heat, series, most, ink }) {
  return (chart) => {
    const { ctx } = chart;
    ctx.save();
    ctx.fillStyle = ink();
    heat.counts.slice(0, series.starts.length).forEach((counts, at) => {
      const start = series.starts[at];
      const [left, right] = [start, start + series.width].map((time) => chart.valToPos(time / 1000, "x", true));
      counts.forEach((count, row) => {
        if (count === 0) return;
        const [bottom, top] = [row, row + 1].map((place) => chart.valToPos(place, "y", true));
        ctx.globalAlpha = 0.12 + 0.88 * (Math.log1p(count) / Math.log1p(most));
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

function drawOne(plot, { heat, series, shift, paint, ...look }) {
  const chart = draw(plot, series, {
    lines: [{ name: "none", values: series.starts.map(() => null), points: { show: false } }],
    vertical: sides(heat),
    said: heat.fullest,
    reading: heat,
    range: () => [0, heat.rows],
    shift,
    paint: [painting({ heat, series, ...look }), ...paint],
  });
  const point = ({ offsetY }) => heat.point(Math.floor(chart.posToVal(offsetY, "y")));
  chart.over.addEventListener("mousemove", point, { capture: true });
}

// *before*: its place, answer, how it lies beside, and what is painted over it; or null.
export function drawHeat(plot, answer, series, { ink, paint, before }) {
  const edges = edgesOf([answer, ...(before ? [before.answer] : [])]);
  const place = { row: 0 };
  const heat = new Heat(answer, series, edges, place);
  const was = before && new Heat(before.answer, before.beside.was, edges, place);
  if (heat.rows < 1 || heat.counts.length !== series.starts.length) {
    for (const one of [plot, before?.plot]) if (one) one.closest("section").hidden = true;
    return;
  }
  const look = { series, ink, most: Math.max(heat.most, was?.most ?? 0) };
  // The first last: its fullest cell is what both say first.
  if (was) drawOne(before.plot, { ...look, heat: was, shift: before.beside.shift, paint: before.paint });
  drawOne(plot, { ...look, heat, paint });
  tabulateBands(heat, was);
}
