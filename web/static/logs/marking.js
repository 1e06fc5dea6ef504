// A row is pinned, tagged and noted where it is; so is the log beside the list, or on its own page.

import { say } from "../shell/announce.js";
import { focusRow } from "./focus.js";
import { show } from "./list.js";
import { call } from "./many.js";
import { isOpen, openedHref, reload } from "./pane.js";

const idOf = (row) => row.dataset.log;
const isBeside = (id) => isOpen() && openedHref().startsWith(`/log/${id}`);

async function shownAnew(id) {
  if (isBeside(id)) reload();
  await show();
}

export async function pin(row) {
  const isPinned = row.querySelector("[data-row=pin]").getAttribute("aria-pressed") === "true";
  try {
    await call("PATCH", `/v1/logs/${idOf(row)}`, { pinned: !isPinned });
    await shownAnew(idOf(row));
    say(isPinned ? "No longer pinned." : "Pinned.");
  } catch (error) { say(`It did not work: ${error.message}`); }
}

// Names of its own: a log that is open beside has a form like it.
function renamed(dialog) {
  for (const name of ["id", "for", "aria-labelledby", "aria-describedby"]) {
    for (const one of [dialog, ...dialog.querySelectorAll(`[${name}]`)]) {
      const names = one.getAttribute(name);
      if (names) one.setAttribute(name, names.split(" ").map((each) => `row-${each}`).join(" "));
    }
  }
  return dialog;
}

// The form of the log's own page.
async function form(id) {
  const answer = await fetch(`/log/${id}`);
  if (!answer.ok) throw new Error("it cannot be read now");
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return renamed(document.importNode(page.getElementById("marks"), true));
}

export async function mark(row) {
  try {
    const dialog = await form(idOf(row));
    document.body.append(dialog);
    const saved = (event) => { event.preventDefault(); dialog.close(); shownAnew(idOf(row)); };
    document.addEventListener("reload", saved);
    dialog.addEventListener("close", () => {
      document.removeEventListener("reload", saved);
      dialog.remove();
      // The row may be another by now than the one that had the focus.
      if (document.activeElement === document.body) focusRow(idOf(row));
    });
    dialog.showModal();
    dialog.querySelector("[name=tags]").focus();
  } catch (error) { say(`It did not work: ${error.message}`); }
}
