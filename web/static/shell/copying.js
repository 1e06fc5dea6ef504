// Buttons that copy: a text, what another element holds, or what an address answers.

import { say } from "./announce.js";

async function copy(text) {
  // navigator.clipboard is missing on plain http with a real host name.
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return say("Copied.");
    } catch { /* not allowed: the old way */ }
  }
  const field = document.createElement("textarea");
  field.value = text;
  const open = document.querySelector("dialog[open]") || document.body;
  open.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  say(done ? "Copied." : "Copying is not allowed here; select the text instead.");
}

export async function copyAnswer(url) {
  try {
    const response = await fetch(url);
    if (response.ok) await copy(await response.text()); else say("It cannot be read now.");
  } catch { say("The appliance did not answer."); }
}

document.addEventListener("click", (event) => {
  const { copy: text, copyFrom, copyLink, copyUrl } = event.target.closest("button")?.dataset ?? {};
  if (text !== undefined) copy(text);
  else if (copyLink) copy(new URL(copyLink, location.href).href);
  else if (copyUrl) copyAnswer(copyUrl);
  else if (copyFrom) copy(document.getElementById(copyFrom).textContent);
});
