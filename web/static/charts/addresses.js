// Where a part of a chart leads.

export function address(base, more) {
  const url = new URL(base, location.origin);
  for (const [name, value] of Object.entries(more)) url.searchParams.set(name, value);
  return url.pathname + url.search;
}
