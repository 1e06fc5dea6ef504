// What opens a log beside the list, where there is room for both, and what closes it.

import { close, open } from "./pane.js";

const isWide = matchMedia("(min-width: 70rem)");
const isPlain = (event) => !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close-pane]")) return close();
  const link = event.target.closest("a[href]");
  if (!link || link.matches("[data-open], [data-close]") || link.dataset.whole !== undefined) return;
  if (!isPlain(event) || !isWide.matches) return;
  const href = link.getAttribute("href");
  const isOfList = link.matches("#logs .path-line > a");
  if (isOfList || (link.closest("#pane") && /^\/log\/[^/?#]+(\?[^#]*)?$/.test(href))) {
    event.preventDefault();
    open(href);
  } else if (link.closest("#pane") && link.closest(".crumb, [data-back]")) {
    event.preventDefault();
    close();
  }
});
