// How a chart draws the values of a series: as bars, or as a line with gaps.

// The theme's colours are where the stylesheet has them: on the legend's swatches.
export function ink(name) {
  return () => getComputedStyle(document.querySelector(`.ink-${name}`)).backgroundColor;
}

// A value between two gaps has no line to be seen by.
function alone(chart, series) {
  const values = chart.data[series];
  const isGap = (index) => (values[index] ?? null) === null;
  return [...values.keys()].filter((at) => !isGap(at) && isGap(at - 1) && isGap(at + 1));
}

export function bars(name, colour) {
  const paths = uPlot.paths.bars({ size: [0.86, 80, 1] });
  return { name, fill: ink(colour), stroke: ink(colour), width: 0, paths, points: { show: false } };
}

// What was measured before, in the same place of its window: *values* of its own, *now*
// the line beside it.
export function before(values, now) {
  const { name, dash = [4, 3], points } = now;
  // Over bars a line of their colour would not be seen.
  const look = now.paths ? { stroke: ink("was"), width: 1.5 } : { stroke: now.stroke, width: 1, alpha: 0.7 };
  return { ...look, name, values, dash, points };
}

export function line(name, colour, dash) {
  const points = { show: false, filter: alone, size: 5, fill: ink(colour), width: 0 };
  return { name, stroke: ink(colour), width: 2, dash, points };
}
