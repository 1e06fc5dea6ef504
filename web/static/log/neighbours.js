// j and k at a log's own page lead to the logs beside it; in the list they have their rows.

import { onKey, scope } from "../shell/keys.js";

function go(rel) {
  const link = scope().id === "pane" ? null : document.querySelector(`.tab-bar .pager a[rel=${rel}]`);
  if (!link) return false;
  link.click();
}

onKey("j", () => go("next"));
onKey("k", () => go("prev"));
