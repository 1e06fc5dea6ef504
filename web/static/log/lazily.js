// What is left of a long body comes when it is asked for, in its place.

import { say } from "../shell/announce.js";
import { settle } from "./hands.js";

// The same shape of the page at *href*.
async function shapeAt(href, name) {
  const answer = await fetch(href);
  if (!answer.ok) throw new Error(answer.statusText);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const found = [...page.querySelectorAll(".shape")].find((one) => one.dataset.shape === name);
  if (!found) throw new Error(name);
  return document.importNode(found, true);
}

// The rows of the value that the link stands in go in the link's place.
function graft(link, shape) {
  const rows = [...shape.querySelector("[data-tree] > .node").children].filter((one) => !one.matches("summary"));
  const first = rows[0];
  link.parentElement.replaceWith(...rows);
  settle();
  const to = first?.querySelector("summary, .leaf, a");
  to?.focus({ preventScroll: true });
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-more-rows], [data-whole]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const shown = link.closest(".shape");
  link.setAttribute("aria-busy", "true");
  try {
    const shape = await shapeAt(link.href, shown.dataset.shape);
    if ("moreRows" in link.dataset) graft(link, shape); else shown.replaceWith(shape);
  } catch {
    link.removeAttribute("aria-busy");
    say("The rest cannot be read now.");
  }
});
