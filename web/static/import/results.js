// What came of an archive: how much is stored, and what was left out and why.

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function place(loc) {
  const [, , , entry, ...within] = loc;
  if (typeof entry !== "number") return loc.slice(1).join(".");
  return `entry ${entry}${within.length ? `: ${within.join(".")}` : ""}`;
}

function reasons(errors, count) {
  const details = element("details");
  details.open = true;
  details.append(element("summary", `${count === 1 ? "1 entry was" : `${count} entries were`} left out`));
  const list = element("ul");
  for (const error of errors) {
    const item = element("li");
    item.append(element("code", place(error.loc)), ` ${error.msg}`);
    list.append(item);
  }
  details.append(list);
  if (errors.length < count) details.append(element("p", `The first ${errors.length} are named.`, "hint"));
  return details;
}

export function show(file, serviceId, { status, answer }) {
  const card = element("article");
  const title = element("h3");
  title.append(element("bdi", file.name));
  card.append(title);
  if (status === 201) {
    const line = element("p");
    const link = element("a", "See them");
    link.href = `/dashboard?service_id=${encodeURIComponent(serviceId)}&source=ingest`;
    const mark = document.getElementById("stored-mark").content.cloneNode(true);
    mark.querySelector("bdi").textContent = `${answer.accepted} stored`;
    line.append(mark, " ", link);
    card.append(line);
    if (answer.skipped) card.append(reasons(answer.left_out, answer.skipped));
  } else {
    card.append(element("p", answer?.detail ?? "That did not work.", "banner bad"));
    const list = element("ul");
    for (const error of answer?.errors ?? []) {
      const item = element("li");
      item.append(element("code", place(error.loc)), ` ${error.msg}`);
      list.append(item);
    }
    if (list.children.length) card.append(list);
  }
  document.getElementById("result-list").prepend(card);
  document.getElementById("results").hidden = false;
}
