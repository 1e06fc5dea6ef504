// The parameters of a URL as a table; one that is changed alone is written anew.

function read(text) {
  try { return decodeURIComponent(text.replaceAll("+", " ")); } catch { return text; }
}

function parts(url) {
  const bare = url.split("#", 1)[0];
  const at = bare.indexOf("?");
  if (at < 0) return [bare, []];
  return [bare.slice(0, at), bare.slice(at + 1).split("&").filter((one) => one !== "")];
}

for (const table of document.querySelectorAll("[data-parameters-of]")) {
  const field = document.getElementById(table.dataset.parametersOf);
  const rows = table.querySelector("[data-rows]");
  const blank = table.querySelector("template");
  const hash = () => { const at = field.value.indexOf("#"); return at < 0 ? "" : field.value.slice(at); };

  const count = () => { table.querySelector("[data-count]").textContent = rows.children.length || ""; };
  function add(pair) {
    rows.append(blank.content.cloneNode(true));
    const row = rows.lastElementChild;
    if (pair !== undefined) {
      const at = pair.indexOf("=");
      row.dataset.raw = pair;
      row.querySelector("[data-name]").value = read(at < 0 ? pair : pair.slice(0, at));
      row.querySelector("[data-value]").value = at < 0 ? "" : read(pair.slice(at + 1));
    }
    count();
    return row;
  }
  function show() {
    rows.replaceChildren();
    for (const pair of parts(field.value)[1].slice(0, 200)) add(pair);
    count();
  }
  function write() {
    const [begin, all] = parts(field.value);
    const shown = [...rows.children].map((row) => row.dataset.raw).filter((raw) => raw);
    const query = [...shown, ...all.slice(200)].join("&");
    field.value = begin + (query ? `?${query}` : "") + hash();
    count();
    field.dispatchEvent(new Event("changed", { bubbles: true }));
  }

  field.addEventListener("input", show);
  rows.addEventListener("input", (event) => {
    const row = event.target.closest("tr");
    const [name, value] = ["name", "value"].map((key) => encodeURIComponent(row.querySelector(`[data-${key}]`).value));
    row.dataset.raw = name ? `${name}=${value}` : "";
    write();
  });
  rows.addEventListener("click", (event) => {
    if (!event.target.closest("[data-remove-parameter]")) return;
    event.target.closest("tr").remove();
    write();
    table.querySelector("[data-add-parameter]").focus();
  });
  table.querySelector("[data-add-parameter]").addEventListener("click", () => add().querySelector("input").focus());
  show();
}
