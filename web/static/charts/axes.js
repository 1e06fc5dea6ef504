// What stands at a chart's axes: moments below, counts or durations at its side.

import { toField, writer } from "../shell/zone.js";

const counts = new Intl.NumberFormat("en", { notation: "compact" });
const WHOLE_STEPS = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((n) => n * 10 ** power)).flat();

const minute = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const minutes = writer(minute);
const seconds = writer({ ...minute, second: "2-digit" });
const days = writer({ month: "short", day: "numeric" });

const milliseconds = (value) => (value >= 1000 ? `${value / 1000} s` : `${value} ms`);

export const counted = {
  size: 50,
  incrs: WHOLE_STEPS,
  values: (_, splits) => splits.map((value) => counts.format(value)),
};
export const shared = { size: 50, values: (_, splits) => splits.map((rate) => `${+(rate * 100).toFixed(2)} %`) };
export const timed = { size: 66, values: (_, splits) => splits.map(milliseconds) };

// *shift*: seconds that the moments of another window lie beside those of the axis.
const clock = (shift) => (_, splits, __, ___, step) => {
  const hours = step < 60 ? seconds : minutes;
  return splits.map((split) => {
    const time = new Date((split + shift) * 1000);
    return toField(time).endsWith("T00:00:00") ? days(time) : hours(time);
  });
};

// A canvas has no stylesheet: it is told the type and the colours of the element around it.
export function axes(plot, vertical, shift = 0) {
  const style = getComputedStyle(plot);
  const rule = { stroke: () => style.borderTopColor, width: 1 };
  const font = `${Math.round(parseFloat(style.fontSize))}px ${style.fontFamily}`;
  const look = { stroke: () => style.color, grid: rule, ticks: rule, font };
  return [{ ...look, values: clock(shift), space: 70, size: 34 }, { ...look, ...vertical }];
}
