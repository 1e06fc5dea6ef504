// Archives are chosen or dropped, and sent one after the other.

import { show } from "../import/results.js";
import { abort, upload } from "../import/upload.js";
import { say } from "../shell/announce.js";

const form = document.getElementById("import");
const files = document.getElementById("i-files");
const drop = document.getElementById("drop");
const button = form?.querySelector("[data-send]");
const stop = form?.querySelector("[data-stop]");
const progress = document.getElementById("progress");
const bar = document.getElementById("i-bar");
const barText = document.getElementById("i-bar-text");
let chosen = [];

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

async function send() {
  const waiting = chosen;
  button.disabled = true;
  progress.hidden = stop.hidden = false;
  for (const file of waiting) {
    bar.value = 0;
    barText.textContent = `Sending ${file.name}`;
    const answered = await upload(file, query(), (percent, isSent) => {
      bar.value = percent;
      if (isSent) barText.textContent = `Storing ${file.name}`;
    });
    show(file, form.elements.service_id.value, answered);
  }
  progress.hidden = stop.hidden = true;
  files.value = "";
  choose([]);
  document.getElementById("results-title").focus();
}

if (form) {
  choose(files.files);
  files.addEventListener("change", () => choose(files.files));
  form.addEventListener("submit", (event) => { event.preventDefault(); if (chosen.length) send(); });
  stop.addEventListener("click", abort);
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
