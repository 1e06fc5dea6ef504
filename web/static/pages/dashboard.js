// Filters that act while you type: the server renders the table, the URL holds the state.

import { remove } from "../logs/deleting.js";
import { isLive } from "../live/choice.js";
import { isReading } from "../live/reading.js";
import { follow } from "../live/stream.js";
import { start } from "../live/tail.js";
import { say } from "../shell/announce.js";
import { localise } from "../shell/times.js";

const form = document.querySelector("form[data-live]");
const logs = document.getElementById("logs");
let waiting, asked;

function address() {
  const given = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) given.append(name, value);
  if (new URLSearchParams(location.search).has("live")) given.append("live", String(isLive()));
  const query = given.toString();
  return query ? `/dashboard?${query}` : "/dashboard";
}

// What is wrong with the query comes with the list, and stands under its box.
function showWrong() {
  const wrong = logs.querySelector("[data-wrong]");
  document.getElementById("query-wrong").replaceChildren(...(wrong?.childNodes ?? []));
  document.getElementById("f-query").setAttribute("aria-invalid", String(wrong !== null));
}

async function show(url, { quiet = false } = {}) {
  // What somebody asked for is not given up for what comes by itself.
  if (quiet && asked) return false;
  asked?.abort();
  const mine = new AbortController();
  if (!quiet) asked = mine;
  try {
    const response = await fetch(url, { headers: { "X-Fragment": "1" }, signal: mine.signal });
    if (response.redirected) return location.assign(url);
    const text = await response.text();
    // Whoever began to read meanwhile, or asked for another list, is not moved either.
    if (quiet && (asked || url !== location.pathname + location.search || isReading())) return false;
    logs.innerHTML = text;
    showWrong();
    localise(logs);
    if (quiet) return true;
    history.replaceState(null, "", url);
    follow();
    const count = document.getElementById("count");
    if (count) say(count.textContent.replace(/\s+/g, " ").replace("· clear filters", "").trim());
  } catch (error) {
    if (error.name !== "AbortError") say("The appliance did not answer.");
  } finally {
    if (asked === mine) asked = undefined;
  }
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => show(address()), 250);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  show(address());
});
document.querySelector("[data-refresh]").addEventListener("click", () => show(location.pathname + location.search));
logs.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-delete]");
  if (button && await remove(button.dataset.delete)) show(location.pathname + location.search);
});
start(() => show(location.pathname + location.search, { quiet: true }));
