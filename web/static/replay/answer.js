// The form keeps what was edited: only what came of it is put in its place.

import { say } from "../shell/announce.js";
import { localise } from "../shell/times.js";

const form = document.querySelector("form[data-then=event]");

async function put(address) {
  const answer = await fetch(address);
  if (!answer.ok) return location.assign(address);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of ["result", "beside", "history"]) {
    const made = page.getElementById(part);
    if (!made) continue;
    const placed = document.importNode(made, true);
    document.getElementById(part).replaceWith(placed);
    localise(placed);
  }
}

form?.addEventListener("answered", async (event) => {
  const name = form.dataset.answered ?? "replay";
  const id = name === "sent" ? event.detail.log_id : event.detail.id;
  if (!id) return say(`Sent, and not recorded: ${event.detail.error ?? event.detail.status_code}`);
  const address = `${location.pathname}?${name}=${encodeURIComponent(id)}`;
  await put(address);
  history.replaceState(null, "", address);
  document.getElementById("result").scrollIntoView({ block: "nearest" });
});
// A rule was made or taken back, or a series sent.
document.addEventListener("reload", (event) => {
  event.preventDefault();
  put(location.href);
});
