// The list of the address, rendered by the server; the form says what is asked.

import { isReading } from "../live/reading.js";
import { follow } from "../live/stream.js";
import { say } from "../shell/announce.js";
import { localise } from "../shell/times.js";
import { keptIn } from "./focus.js";
import { asLive, changed, listed } from "./place.js";

const form = document.querySelector("form[data-live]");
const logs = document.getElementById("logs");
let asked;

// The address of what the form asks for.
export function address() {
  const given = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) given.append(name, value);
  const live = listed().searchParams.get("live");
  if (live) given.append("live", live);
  const query = given.toString();
  return query ? `/dashboard?${query}` : "/dashboard";
}

// The form asks for what *url* does.
export function adopt(url) {
  const given = new URL(url, location.origin).searchParams;
  for (const field of form.elements) if (field.name) set(field, given.get(field.name) ?? "");
}

// A choice may be of another's address, and not among those that are offered.
function set(field, value) {
  field.value = value;
  if (field.value === value || field.tagName !== "SELECT") return;
  field.add(new Option(value, value));
  field.value = value;
}

// What is wrong with the query comes with the list, and stands under its box.
function showWrong() {
  const wrong = logs.querySelector("[data-wrong]");
  document.getElementById("query-wrong").replaceChildren(...(wrong?.childNodes ?? []));
  document.getElementById("f-query").setAttribute("aria-invalid", String(wrong !== null));
}

function tell() {
  const count = document.getElementById("count");
  if (count) say(count.textContent.replace(/\s+/g, " ").replace("· clear filters", "").trim());
}

const here = () => listed().pathname + listed().search;
export const shown = () => document.dispatchEvent(new CustomEvent("listed"));

async function fetched(url, mine, quiet) {
  const response = await fetch(url, { headers: { "X-Fragment": "1" }, signal: mine.signal });
  if (response.redirected) return void location.assign(url);
  const text = await response.text();
  // Whoever began to read meanwhile, or asked for another list, is not moved either.
  if (quiet && (asked || url !== here() || isReading())) return false;
  const refocus = keptIn(logs);
  logs.innerHTML = text;
  showWrong();
  localise(logs);
  refocus();
  return true;
}

// *quiet*: it came by itself; *push*: Back leads to what was before.
export async function show(url = here(), { quiet = false, push = false } = {}) {
  // What somebody asked for is not given up for what comes by itself.
  if (quiet && asked) return false;
  asked?.abort();
  const mine = new AbortController();
  if (!quiet) asked = mine;
  try {
    const isThere = await fetched(url, mine, quiet);
    if (!isThere || quiet) return isThere;
    changed(url, { push });
    follow();
    tell();
    shown();
    return true;
  } catch (error) {
    if (error.name !== "AbortError") say("The appliance did not answer.");
    return false;
  } finally {
    if (asked === mine) asked = undefined;
  }
}

// Another list, which the form is to show too, is paused or live as this one is.
export function go(url, { push = true } = {}) {
  const next = push ? asLive(url) : url;
  adopt(next);
  return show(next, { push });
}
