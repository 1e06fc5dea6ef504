// A log beside the list: the content of its own page, at its own address.

import { say } from "../shell/announce.js";
import { localise } from "../shell/times.js";
import { isBeside, listed, moved } from "./place.js";
import { need } from "./needed.js";

const listing = document.getElementById("listing");
const pane = document.getElementById("pane");
const title = document.title;
let asked, opened;

const list = () => listed().pathname + listed().search;
const row = (href) => document.querySelector(`#logs tr[data-log="${CSS.escape(href.split(/[/?]/)[2])}"]`);

export const isOpen = () => !pane.hidden;
export const openedHref = () => opened;

function head() {
  const bar = document.createElement("div");
  bar.className = "pane-head";
  bar.innerHTML = `<a class="button quiet" data-whole>As a page</a>
    <button type="button" class="quiet" data-close-pane aria-keyshortcuts="Escape">Close</button>`;
  bar.querySelector("a").href = opened;
  return bar;
}

export function markOpen() {
  for (const one of document.querySelectorAll("#logs tr[aria-current]")) one.removeAttribute("aria-current");
  if (opened) row(opened)?.setAttribute("aria-current", "true");
}

async function put(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  pane.replaceChildren(head(), ...page.getElementById("main").childNodes);
  localise(pane);
  document.title = page.title;
  pane.hidden = false;
  pane.scrollTop = 0;
  listing.classList.add("is-split");
  markOpen();
  await need(page);
  document.dispatchEvent(new CustomEvent("opened", { detail: pane }));
}

async function load(href) {
  asked?.abort();
  const mine = asked = new AbortController();
  try {
    const answer = await fetch(href, { signal: mine.signal });
    if (answer.redirected) return location.assign(href);
    opened = href;
    await put(answer);
  } catch (error) {
    if (error.name !== "AbortError") say("The appliance did not answer.");
  }
}

export const reload = () => load(opened);

export function open(href, { focus = true } = {}) {
  if (isBeside()) history.replaceState({}, "", href); else history.pushState({}, "", href);
  return load(href).then(() => { if (focus) pane.focus({ preventScroll: true }); });
}

function hide() {
  if (pane.hidden) return;
  asked?.abort();
  const link = opened && row(opened)?.querySelector(".path-line > a");
  pane.hidden = true;
  pane.replaceChildren();
  listing.classList.remove("is-split");
  opened = undefined;
  document.title = title;
  markOpen();
  link?.focus({ preventScroll: true });
}

export function close() {
  if (isBeside()) history.pushState({}, "", list());
  hide();
}

// *again* shows the list of the address, where a step of the history led to another.
export function follow(again) {
  addEventListener("popstate", () => {
    if (isBeside()) return void load(location.pathname + location.search);
    hide();
    if (moved()) again(location.pathname + location.search);
  });
}

document.addEventListener("listed", markOpen);
document.addEventListener("reload", (event) => { if (isOpen()) { event.preventDefault(); reload(); } });
