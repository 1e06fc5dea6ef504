// Whose clock times are shown by: the reader's own, or the one that the address names as `tz`.

export const own = new Intl.DateTimeFormat().resolvedOptions().timeZone;
const FIELDS = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric",
  second: "numeric", hourCycle: "h23" };

// A log that was opened from a list has that list's address within its own.
export function named() {
  const given = new URLSearchParams(location.search);
  return given.get("tz") ?? new URLSearchParams(given.get("from") ?? "").get("tz");
}

export function isKnown(zone) {
  try { return Boolean(new Intl.DateTimeFormat("en", { timeZone: zone })); } catch { return false; }
}

// Addresses that are no pages, where times are shown.
const NO_PAGE = /^\/(v1|static|docs|redoc|openapi\.json|health|readyz|metrics)(\/|$)/;

const isNamedIn = (given) => given.has("tz") || new URLSearchParams(given.get("from") ?? "").has("tz");

// *address*, if it is a page of ours, by the same clock.
export function zoned(address) {
  const [asked, url] = [named(), new URL(address, location.href)];
  if (!asked || url.origin !== location.origin || NO_PAGE.test(url.pathname)) return address;
  if (isNamedIn(url.searchParams)) return address;
  url.searchParams.set("tz", asked);
  return url.pathname + url.search + url.hash;
}

// One that this browser does not know is shown as UTC.
export function zone() {
  const asked = named();
  if (!asked) return own;
  return isKnown(asked) ? asked : "UTC";
}

// What writes moments out, by the clock of now.
export function writer(options, locale) {
  let of, made;
  return (moment) => {
    if (of !== zone()) made = new Intl.DateTimeFormat(locale, { ...options, timeZone: of = zone() });
    return made.format(moment);
  };
}

// How far that clock is from UTC, in ms.
function ahead(moment) {
  const parts = new Intl.DateTimeFormat("en", { ...FIELDS, timeZone: zone() }).formatToParts(moment);
  const at = Object.fromEntries(parts.map(({ type, value }) => [type, Number(value)]));
  const shown = Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second);
  return shown - Math.floor(moment / 1000) * 1000;
}

// As a field of local time wants it: without an offset.
export function toField(moment) {
  return new Date(moment.getTime() + ahead(moment)).toISOString().slice(0, 19);
}

// Asked twice, for the hours around a change of the clock.
export function fromField(text) {
  const shown = Date.parse(`${text}Z`);
  return new Date(shown - ahead(new Date(shown - ahead(new Date(shown)))));
}
