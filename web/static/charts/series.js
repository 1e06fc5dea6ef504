// What /v1/metrics/timeseries answered, in words and in addresses.

import { address } from "./addresses.js";
import { markedWithin } from "./marks.js";
import { writer } from "../shell/zone.js";
import { asked, latencies, milliseconds, number, percent, plural } from "./words.js";

export class Series {
  // *logs* and *page* are the addresses that a bucket's time is added to.
  constructor(answer, { logs, page }, marks = []) {
    this.buckets = answer.buckets;
    this.width = answer.bucket_s * 1000;
    this.since = Date.parse(answer.since);
    this.until = Date.parse(answer.until);
    this.starts = answer.buckets.map((bucket) => Date.parse(bucket.start));
    this.first = this.starts[0];
    this.last = this.starts.at(-1) + this.width;
    this.addresses = { logs, page };
    this.marks = marks;
    const second = this.width < 60_000 ? { second: "2-digit" } : {};
    const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...second };
    this.clock = writer({ month: "short", day: "numeric", ...clock });
  }

  moment(index) { return this.clock(this.starts[index]); }

  // Seconds, as uPlot wants them: the middle, so that the nearest is the one pointed at.
  get middles() { return this.starts.map((start) => (start + this.width / 2) / 1000); }

  values(name) { return this.buckets.map((bucket) => bucket[name]); }

  // The first and last bucket may reach over the window's ends; no link does.
  ends(from, to) {
    return {
      since: new Date(Math.max(from, this.since)).toISOString(),
      until: new Date(Math.min(to, this.until)).toISOString(),
    };
  }

  logs(index, more = {}) {
    const start = this.starts[index];
    return address(this.addresses.logs, { ...this.ends(start, start + this.width), ...more });
  }

  // All of the window.
  whole(more) { return address(this.addresses.logs, more); }

  zoomed(from, to) { return address(this.addresses.page, this.ends(from, to)); }

  // Between two times, out to the edges of the buckets they lie in.
  around(from, to) {
    const edge = (time, round) => this.first + round((time - this.first) / this.width) * this.width;
    return this.zoomed(edge(from, Math.floor), edge(to, Math.ceil));
  }

  text(index) {
    const bucket = this.buckets[index];
    const marked = markedWithin(this.marks, this.starts[index], this.starts[index] + this.width);
    return [this.moment(index), asked(bucket), latencies(bucket), ...marked].filter(Boolean).join(" · ");
  }

  get volume() {
    const sum = (name) => this.values(name).reduce((total, count) => total + count, 0);
    const requests = this.values("requests");
    const most = requests.indexOf(Math.max(...requests));
    const all = plural(sum("requests"), "request", "requests");
    const failed = plural(sum("error_count"), "error", "errors");
    return `${all}, ${failed}; most at ${this.moment(most)}: ${number(requests[most])}.`;
  }

  get failing() {
    const rates = this.values("error_rate");
    const worst = rates.indexOf(Math.max(...rates));
    if (rates[worst] === 0) return "No request failed.";
    return `Most failed at ${this.moment(worst)}: ${percent(rates[worst])}.`;
  }

  get slowest() {
    const values = this.values("p95_latency_ms").map((value) => value ?? -1);
    const worst = values.indexOf(Math.max(...values));
    if (values[worst] < 0) return "No latency was measured.";
    return `The highest p95 is ${milliseconds(values[worst])}, at ${this.moment(worst)}.`;
  }

  get step() {
    const seconds = this.width / 1000;
    for (const [size, name] of [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]]) {
      if (seconds >= size && seconds % size === 0) return seconds === size ? name : `${seconds / size} ${name}s`;
    }
    return `${seconds} seconds`;
  }
}
