// Sends HAR archives to /v1, one after the other, and says what became of each.
import { say } from "/static/app.js";

const form = document.getElementById("import");
const files = document.getElementById("i-files");
const drop = document.getElementById("drop");
const button = form?.querySelector("[data-send]");
const stop = form?.querySelector("[data-stop]");
const progress = document.getElementById("progress");
const bar = document.getElementById("i-bar");
const barText = document.getElementById("i-bar-text");
let chosen = [];
let underway = null;

function choose(list) {
  chosen = [...list];
  button.disabled = chosen.length === 0;
  const names = chosen.map((file) => file.name).join(", ");
  if (chosen.length) say(`${chosen.length === 1 ? "1 archive" : `${chosen.length} archives`}: ${names}`);
}

function query() {
  const asked = new URLSearchParams({ service_id: form.elements.service_id.value });
  if (form.elements.on_error.checked) asked.set("on_error", "skip");
  if (form.elements.shift.checked) asked.set("shift", "now");
  return asked;
}

function upload(file) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    underway = request;
    request.open("POST", `/v1/logs/import/har?${query()}`);
    request.setRequestHeader("Content-Type", "application/json");
    request.upload.onprogress = (event) => {
      if (!event.lengthComputable) return;
      bar.value = Math.floor(100 * event.loaded / event.total);
      barText.textContent = event.loaded < event.total ? `Sending ${file.name}` : `Storing ${file.name}`;
    };
    request.onload = () => {
      let answer = null;
      try { answer = JSON.parse(request.responseText); } catch { /* no JSON: a proxy in between */ }
      resolve({ status: request.status, answer });
    };
    request.onerror = () => resolve({ status: 0, answer: { detail: "The appliance did not answer." } });
    request.onabort = () => resolve({ status: 0, answer: { detail: "Stopped; nothing of it is stored." } });
    request.send(file);
  });
}

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

function show(file, { status, answer }) {
  const card = element("article");
  const title = element("h3");
  title.append(element("bdi", file.name));
  card.append(title);
  if (status === 201) {
    const line = element("p");
    const link = element("a", "See them");
    link.href = `/dashboard?service_id=${encodeURIComponent(form.elements.service_id.value)}&source=ingest`;
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

async function send() {
  const waiting = chosen;
  button.disabled = true;
  progress.hidden = stop.hidden = false;
  for (const file of waiting) {
    bar.value = 0;
    barText.textContent = `Sending ${file.name}`;
    show(file, await upload(file));
  }
  underway = null;
  progress.hidden = stop.hidden = true;
  files.value = "";
  choose([]);
  document.getElementById("results-title").focus();
}

if (form) {
  choose(files.files);
  files.addEventListener("change", () => choose(files.files));
  form.addEventListener("submit", (event) => { event.preventDefault(); if (chosen.length) send(); });
  stop.addEventListener("click", () => underway?.abort());
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  drop.addEventListener("dragleave", (event) => {
    if (!drop.contains(event.relatedTarget)) drop.classList.remove("over");
  });
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    files.files = event.dataTransfer.files;
    choose(files.files);
  });
}
