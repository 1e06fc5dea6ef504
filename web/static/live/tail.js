// The live tail: the stream says that something came, the server renders the table anew.

import { say } from "../shell/announce.js";
import { onKey } from "../shell/keys.js";
import { change, isLive, restore } from "./choice.js";
import { follow, leave } from "./stream.js";
import { renderBy, update } from "./updates.js";

const button = document.querySelector("[data-tail]");
const news = document.getElementById("tail-news");

function toggle() {
  change();
  say(isLive() ? "Live." : "Paused.");
  follow();
}

export function start(again) {
  renderBy(again);
  restore();
  button.hidden = false;
  button.addEventListener("click", toggle);
  news.addEventListener("click", () => {
    document.activeElement.blur();
    getSelection().removeAllRanges();
    scrollTo({ top: 0 });
    update();
  });
  onKey("f", toggle);
  // A page that nobody sees holds no connection: a browser has six for a host.
  document.addEventListener("visibilitychange", () => follow({ again: !isLive() }));
  addEventListener("pagehide", () => leave());
  addEventListener("pageshow", (event) => { if (event.persisted) follow(); });
  follow();
}
