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

function sum(each) {
  const total = { deleted: 0, replays_deleted: 0, complete: true };
  for (const one of each) {
    total.deleted += one.deleted;
    total.replays_deleted += one.replays_deleted;
    total.complete &&= one.complete;
  }
  return total;
}

// What each of *queries* finds. Whether anything may have gone.
export async function removeAll(queries) {
  let gone = 0;
  try {
    const found = [];
    for (const query of queries) found.push(await ask(`${query}&dry_run=true`));
    if (!confirm(`Delete ${named(sum(found))}, pinned ones too? This cannot be undone.`)) return false;
    for (const query of queries) {
      let after = "";
      do {
        const done = await ask(query + after);
        gone += done.deleted + done.replays_deleted;
        after = done.next_cursor ? `&cursor=${encodeURIComponent(done.next_cursor)}` : "";
        say(`${gone.toLocaleString()} deleted.`);
      } while (after);
    }
  } catch (error) {
    say(`${gone.toLocaleString()} deleted. ${error.message}`);
  }
  return true;
}

export const remove = (query) => removeAll([query]);
