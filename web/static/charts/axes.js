// What stands at a chart's axes: moments below, counts or durations at its side.

const counts = new Intl.NumberFormat("en", { notation: "compact" });
const WHOLE_STEPS = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((n) => n * 10 ** power)).flat();

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
  const second = step < 60 ? { second: "2-digit" } : {};
  const hours = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...second });
  const days = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
  return splits.map((split) => {
    const time = new Date((split + shift) * 1000);
    const isDay = time.getHours() + time.getMinutes() + time.getSeconds() === 0;
    return (isDay ? days : hours).format(time);
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
