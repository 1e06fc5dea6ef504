// Which list is shown: its address stays what it is while a log is open beside it.

let here = new URL(location.href);

export const listed = () => here;
export const isBeside = () => location.pathname !== "/dashboard";

export function without(names) {
  const given = new URLSearchParams(here.search);
  for (const name of names) given.delete(name);
  return given;
}

// *url* is the list from now on; *push*: and what was before is one step back.
export function changed(url, { push = false } = {}) {
  const next = new URL(url, location.origin);
  const isOther = next.href !== here.href;
  here = next;
  if (isBeside() && !push) return;
  if (push && isOther) history.pushState({}, "", url);
  else history.replaceState({}, "", url);
}

// After a step of the history.
export function moved() {
  if (isBeside()) return false;
  const isOther = here.search !== location.search;
  here = new URL(location.href);
  return isOther;
}

// *url*, paused or live as this list is, and by its clock.
export function asLive(url) {
  const next = new URL(url, location.origin);
  for (const name of ["live", "tz"]) {
    const value = here.searchParams.get(name);
    if (value && !next.searchParams.has(name)) next.searchParams.set(name, value);
  }
  return next.pathname + next.search;
}
