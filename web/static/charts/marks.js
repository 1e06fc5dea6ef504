// Deploys and other marks: a line on every chart where they were, and their names.

const LONGEST = 24;
const FLAG = 5;
const [ROWS, LINE] = [2, 1.3];

export function marksOf(list) {
  const rows = list ? [...list.querySelectorAll("[data-at]")] : [];
  return rows.map(({ dataset }) => ({ at: Date.parse(dataset.at) / 1000, text: dataset.text }));
}

// What was marked from one moment until before another.
export function markedWithin(marks, from, to) {
  return marks.filter(({ at }) => at >= from / 1000 && at < to / 1000).map(({ text }) => text);
}

// Beside the line, on the side where there is room; in the first of *rows* that is free there.
function label(context, text, x, rows, box) {
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
  const gap = FLAG * devicePixelRatio;
  const width = context.measureText(short).width + 2 * gap;
  const isRight = x + width < box.left + box.width;
  const start = isRight ? x : x - width;
  const row = rows.findIndex((free) => start >= free);
  if (row < 0) return;
  context.fillText(short, start + gap, box.top + gap / 2 + row * parseFloat(context.font) * LINE);
  rows[row] = start + width;
}

// Names that find no room are left to the table.
export function painted(marks, plot) {
  return (chart) => {
    const { ctx, bbox } = chart;
    const ratio = devicePixelRatio;
    const style = getComputedStyle(plot);
    const rows = Array(ROWS).fill(bbox.left);
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = style.color;
    ctx.font = `${Math.round(parseFloat(style.fontSize) * ratio)}px ${style.fontFamily}`;
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    ctx.lineWidth = ratio;
    ctx.setLineDash([4 * ratio, 3 * ratio]);
    for (const { at, text } of [...marks].reverse()) {
      const x = Math.round(chart.valToPos(at, "x", true));
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      label(ctx, text, x, rows, bbox);
    }
    ctx.restore();
  };
}
