// Calls of /v1 about several logs: in parts that a query may name, one after the other.

// A query has so many terms at most.
const PART = 40;

export function queries(ids) {
  const parts = [];
  for (let at = 0; at < ids.length; at += PART) parts.push(`id:(${ids.slice(at, at + PART).join(" OR ")})`);
  return parts.map((query) => new URLSearchParams({ query }).toString());
}

export async function call(method, path, body) {
  const options = { method, headers: { Accept: "application/json" } };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(path, options);
  const said = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(said.detail);
  return said;
}

export async function items(ids) {
  const found = [];
  for (const query of queries(ids)) found.push(...(await call("GET", `/v1/logs?${query}&limit=500`)).items);
  return found;
}

export function save(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

export async function lines(ids) {
  const texts = [];
  for (const query of queries(ids)) texts.push(await (await fetch(`/v1/logs.ndjson?${query}`)).text());
  return texts.join("");
}

export async function archive(ids) {
  let whole;
  for (const query of queries(ids)) {
    const part = await call("GET", `/v1/logs.har?${query}`);
    if (whole) whole.log.entries.push(...part.log.entries); else whole = part;
  }
  return JSON.stringify(whole);
}
