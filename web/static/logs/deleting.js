// Logs of a filtered list are removed: counted first, then asked, then done, part by part.

import { say } from "../shell/announce.js";

async function ask(query) {
  const answer = await fetch(`/v1/logs?${query}`, { method: "DELETE", headers: { Accept: "application/json" } });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.detail);
  return said;
}

function named({ deleted, replays_deleted, complete }) {
  const logs = `${deleted.toLocaleString()}${complete ? "" : " or more"} ${deleted === 1 ? "log" : "logs"}`;
  return replays_deleted ? `${logs} and ${replays_deleted.toLocaleString()} replays of them` : logs;
}

// Whether anything may have gone.
export async function remove(query) {
  let gone = 0, after = "";
  try {
    const found = await ask(`${query}&dry_run=true`);
    if (!confirm(`Delete ${named(found)}, pinned ones too? This cannot be undone.`)) return false;
    do {
      const done = await ask(query + after);
      gone += done.deleted + done.replays_deleted;
      after = done.next_cursor ? `&cursor=${encodeURIComponent(done.next_cursor)}` : "";
      say(`${gone.toLocaleString()} deleted.`);
    } while (after);
  } catch (error) {
    say(`${gone.toLocaleString()} deleted. ${error.message}`);
  }
  return true;
}
