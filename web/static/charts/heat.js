// What /v1/metrics/heatmap answered: how many requests of a moment took about as long.

import { milliseconds, plural } from "./words.js";

// The rows of all *answers*, whose edges are of one scale; what has no end is the last.
export function edgesOf(answers) {
  const all = new Set(answers.flatMap((answer) => answer.edges_ms));
  const isOpen = all.delete(null);
  return [...[...all].sort((one, other) => one - other), ...(isOpen ? [null] : [])];
}

export class Heat {
  // *place* is the row that is read, the same in maps beside each other.
  constructor(answer, series, edges, place) {
    this.series = series;
    this.edges = edges;
    this.place = place;
    this.rows = Math.max(edges.length - 1, 0);
    const lowest = edges.indexOf(answer.edges_ms[0]);
    this.counts = answer.buckets.map(({ counts }) => edges.slice(1).map((_, row) => counts[row - lowest] ?? 0));
  }

  get most() { return Math.max(1, ...this.counts.flat()); }

  count(index, row = this.place.row) { return this.counts[index]?.[row] ?? 0; }

  band(row) {
    const [from, to] = this.edges.slice(row, row + 2);
    return to === null ? `${milliseconds(from)} and more` : `${milliseconds(from)} to ${milliseconds(to)}`;
  }

  // *below* excludes what the next one counts.
  query(row) {
    const [from, to] = this.edges.slice(row, row + 2);
    return [`latency:>=${from}`, ...(to === null ? [] : [`latency:<${to}`])].join(" ");
  }

  text(index) {
    if (index >= this.counts.length) return "no such moment";
    const count = plural(this.count(index), "request", "requests");
    return `${this.series.moment(index)} · ${this.band(this.place.row)} · ${count}`;
  }

  // Those of the cell.
  logs(index, row = this.place.row) {
    return this.count(index, row) === 0 ? null : this.series.logs(index, { query: this.query(row) });
  }

  turn(key) {
    const by = { ArrowUp: 1, ArrowDown: -1 }[key];
    if (by === undefined) return false;
    this.point(this.place.row + by);
    return true;
  }

  point(row) { this.place.row = Math.min(Math.max(row, 0), this.rows - 1); }

  // Where the cursor stands by keys: in the middle of the row.
  top(chart) { return chart.valToPos(this.place.row + 0.5, "y"); }

  // What is read first.
  get fullest() {
    let [at, row] = [0, 0];
    this.counts.forEach((counts, moment) => counts.forEach((count, band) => {
      if (count > this.count(at, row)) [at, row] = [moment, band];
    }));
    this.place.row = row;
    return `Most in one cell: ${this.text(at)}.`;
  }
}
