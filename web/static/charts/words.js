// Figures of charts in words.

export function milliseconds(value) {
  if (value === null) return "n/a";
  if (value === 0) return "0 ms";
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

export function percent(rate) {
  return `${(rate * 100).toFixed(rate > 0 && rate < 0.1 ? 1 : 0)} %`;
}

export function number(count) {
  return count.toLocaleString("en");
}

export function plural(count, one, many) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

export function asked(bucket) {
  return [plural(bucket.requests, "request", "requests"), plural(bucket.error_count, "error", "errors")].join(" · ");
}

// Empty where none was measured.
export function latencies(bucket) {
  if (bucket.p50_latency_ms === null) return "";
  return ["p50", "p95", "p99"].map((name) => `${name} ${milliseconds(bucket[`${name}_latency_ms`])}`).join(" · ");
}
