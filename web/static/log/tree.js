// A body as a tree: search, fold, the path of what is pressed. It acts wherever a tree is.

const HIT = "data-hit";
const near = (element) => element.closest(".shape");

function pathTo(row) {
  const steps = [];
  for (let at = row; at && !at.matches("[data-tree]"); at = at.parentElement) {
    if (at.dataset.step) steps.unshift(at.dataset.step);
  }
  return `$${steps.join("")}`;
}

function valueOf(row) {
  return row.querySelector(".value")?.textContent ?? row.textContent.trim();
}

function point(row) {
  const bar = near(row)?.querySelector("[data-tree-path]");
  if (!bar) return;
  const path = pathTo(row);
  bar.hidden = false;
  bar.querySelector("code").textContent = path;
  const [copyPath, copyValue] = bar.querySelectorAll("button");
  copyPath.dataset.copy = path;
  copyValue.dataset.copy = valueOf(row);
  for (const one of near(row).querySelectorAll("[data-at]")) one.removeAttribute("data-at");
  row.dataset.at = "";
}

function search(field) {
  const shape = near(field);
  const tree = shape.querySelector("[data-tree]");
  const wanted = field.value.trim().toLowerCase();
  for (const hit of tree.querySelectorAll(`[${HIT}]`)) hit.removeAttribute(HIT);
  const rows = [...tree.querySelectorAll(".leaf, summary")];
  const found = wanted ? rows.filter((row) => row.textContent.toLowerCase().includes(wanted)) : [];
  for (const row of found) {
    row.setAttribute(HIT, "");
    for (let at = row.parentElement; at !== tree; at = at.parentElement) if (at.matches("details")) at.open = true;
  }
  found[0]?.scrollIntoView({ block: "nearest" });
  const rest = tree.querySelector("[data-more-rows]") ? " of what is loaded" : "";
  shape.querySelector("[data-tree-found]").textContent = wanted ? `${found.length} found${rest}` : "";
}

// To the next row that was found, around the end.
function toNext(field) {
  const tree = near(field).querySelector("[data-tree]");
  const hits = [...tree.querySelectorAll(`[${HIT}]`)];
  const at = hits.findIndex((one) => one.closest("[data-at]") && one.matches(".leaf[data-at], [data-at] > summary"));
  const next = hits[(at + 1) % hits.length];
  if (!next) return;
  point(next.matches(".leaf") ? next : next.parentElement);
  next.scrollIntoView({ block: "nearest" });
}

// In the order of the page; a row in what is folded is passed over.
function move(row, by) {
  const all = row.closest("[data-tree]").querySelectorAll(".leaf, summary");
  const rows = [...all].filter((one) => one.checkVisibility());
  const next = rows[rows.indexOf(row) + by];
  next?.focus();
}

document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-tree] .leaf, [data-tree] summary");
  if (row) return point(row.matches(".leaf") ? row : row.parentElement);
  const button = event.target.closest("[data-tree-fold], [data-tree-unfold]");
  if (!button) return;
  const opens = "treeUnfold" in button.dataset;
  const nodes = near(button).querySelectorAll("[data-tree] details");
  nodes.forEach((node, n) => { node.open = opens || n === 0; });
});
document.addEventListener("focusin", (event) => {
  const row = event.target.closest("[data-tree] .leaf, [data-tree] summary");
  if (row) point(row.matches(".leaf") ? row : row.parentElement);
});
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-tree-search]")) search(event.target);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("[data-tree-search]")) return toNext(event.target);
  const row = event.target.closest("[data-tree] .leaf, [data-tree] summary");
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    move(row, event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    const node = row.matches("summary") ? row.parentElement : row.parentElement.closest("details");
    if (node) { event.preventDefault(); node.open = event.key === "ArrowRight"; node.querySelector("summary").focus(); }
  }
});
