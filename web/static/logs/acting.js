// What is done with the rows that are picked; how many they are is said before.

import { say } from "../shell/announce.js";
import { removeAll } from "./deleting.js";
import { show } from "./list.js";
import { archive, call, items, lines, queries, save } from "./many.js";
import { clear, picked } from "./picking.js";

const bar = document.getElementById("picked");
const results = document.getElementById("replayed");
const tagging = document.getElementById("tagging");

const logs = (count) => `${count.toLocaleString()} ${count === 1 ? "log" : "logs"}`;

async function each(ids, act, done) {
  for (const [place, id] of ids.entries()) {
    await act(id);
    say(`${place + 1} of ${logs(ids.length)} ${done}.`);
  }
}

async function pin(ids) {
  await each(ids, (id) => call("PATCH", `/v1/logs/${id}`, { pinned: true }), "pinned");
  show();
}

function askTag(ids) {
  tagging.querySelector("h2").textContent = `Tag ${logs(ids.length)}`;
  tagging.showModal();
}

async function tag(ids) {
  const name = tagging.querySelector("input").value.trim();
  if (!name) return;
  const had = new Map((await items(ids)).map((item) => [item.id, item.tags]));
  const added = (id) => [...new Set([...(had.get(id) ?? []), name])];
  await each(ids, (id) => call("PATCH", `/v1/logs/${id}`, { tags: added(id) }), "tagged");
  show();
}

function line(log, replay) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.textContent = `${log.method} ${log.path}`;
  link.href = `/log/${replay.replay_log_id ?? log.id}`;
  const { status, equal_but_for_volatile: isAlike } = replay.comparison ?? {};
  const what = status ? `${status.left ?? "none"} → ${status.right ?? "none"}` : replay.error ?? "no answer";
  item.append(link, ` ${what}${status ? isAlike ? ", the same" : ", it differs" : ""}`);
  return item;
}

function methods(found) {
  const counts = {};
  for (const { method } of found) counts[method] = (counts[method] ?? 0) + 1;
  return Object.entries(counts).map(([method, count]) => `${count} ${method}`).join(", ");
}

async function replay(ids) {
  const found = await items(ids);
  const asked = `Send ${found.length} ${found.length === 1 ? "request" : "requests"} again (${methods(found)})?`;
  if (!found.length || !confirm(`${asked} One after the other, each to its service.`)) return;
  const list = results.querySelector("ol");
  list.replaceChildren();
  results.showModal();
  for (const log of found) {
    try {
      list.append(line(log, await call("POST", `/v1/logs/${log.id}/replay`, {})));
    } catch (error) {
      list.append(line(log, { error: error.message }));
    }
    say(`${list.children.length} of ${found.length} sent.`);
  }
  show();
}

async function remove(ids) {
  if (await removeAll(queries(ids))) { clear(); show(); }
}

const acts = {
  har: async (ids) => save("logs.har", "application/json", await archive(ids)),
  lines: async (ids) => save("logs.ndjson", "application/x-ndjson", await lines(ids)),
  tag: askTag,
  pin, replay, remove, clear,
};

async function act(name) {
  if (!name) return;
  try {
    await acts[name](picked());
  } catch (error) { say(`It did not work: ${error.message}`); }
}

bar.addEventListener("click", ({ target }) => act(target.closest("[data-act]")?.dataset.act));
tagging.addEventListener("close", async () => {
  if (tagging.returnValue !== "tag") return;
  tagging.returnValue = "";
  try { await tag(picked()); } catch (error) { say(`It did not work: ${error.message}`); }
});
