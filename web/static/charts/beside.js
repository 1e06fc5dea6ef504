// Two windows beside each other: each moment, and the same place of the one before.

import { before } from "./lines.js";
import { asked, latencies, percent } from "./words.js";

const WORDS = {
  requests: asked,
  error_rate: (bucket) => percent(bucket.error_rate),
  latency: (bucket) => latencies(bucket) || "no latency",
};

export class Beside {
  constructor(series, was) {
    this.series = series;
    this.was = was;
  }

  // Seconds from a moment to what it is beside; less than none.
  get shift() { return (this.was.first - this.series.first) / 1000; }

  values(name) { return this.series.starts.map((_, index) => this.was.buckets[index]?.[name] ?? null); }

  lines(lines) { return lines.map((one) => before(this.values(one.name), one)); }

  logs(index) { return this.was.buckets[index]?.requests ? this.was.logs(index) : null; }

  // What a chart says of a moment: *name* of the one before, too.
  reading(name) {
    const { series, was } = this;
    return {
      text: (index) => {
        const bucket = was.buckets[index];
        return bucket ? `${series.text(index)} · before: ${WORDS[name](bucket)}` : series.text(index);
      },
      logs: (index) => series.logs(index),
      before: (index) => this.logs(index),
    };
  }
}
