// What every page does: local times, copying, dialogs, forms that speak to /v1, keys.

const live = document.getElementById("live");
let clearing;

export function say(text) {
  live.textContent = text;
  clearTimeout(clearing);
  clearing = setTimeout(() => { live.textContent = ""; }, 4000);
}

export function localise(root) {
  const long = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
  const today = new Date().toDateString();
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    time.title = time.dateTime;
    if (!("short" in time.dataset)) {
      time.textContent = long.format(moment);
      continue;
    }
    const two = (n, width = 2) => String(n).padStart(width, "0");
    const clock = `${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}.${two(moment.getMilliseconds(), 3)}`;
    time.textContent = moment.toDateString() === today ? clock : `${day.format(moment)} ${clock}`;
  }
}

async function copy(text) {
  // navigator.clipboard is missing on plain http with a real host name.
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return say("Copied.");
    } catch { /* not allowed: the old way */ }
  }
  const field = document.createElement("textarea");
  field.value = text;
  const open = document.querySelector("dialog[open]") || document.body;
  open.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  say(done ? "Copied." : "Copying is not allowed here; select the text instead.");
}

async function copyAnswer(url) {
  try {
    const response = await fetch(url);
    if (response.ok) await copy(await response.text()); else say("It cannot be read now.");
  } catch { say("The appliance did not answer."); }
}

function unbroken(field) {
  // A field of one line takes line breaks out of what it was given: nobody asked for that.
  const given = field.defaultValue ?? "";
  return field.value === given.replace(/[\r\n]/g, "") ? given : field.value;
}

function value(field) {
  const text = field.value.trim();
  if (field.disabled) return null;
  switch (field.dataset.kind) {
    case "flag": return field.checked;
    case "number": return text === "" ? null : Number(text);
    case "days": return text === "" ? null : new Date(Date.now() + Number(text) * 86_400_000).toISOString();
    case "json": return text === "" ? null : JSON.parse(text);
    case "changed": return field.value === field.defaultValue.replace(/\r\n?/g, "\n") ? null : field.value;
    case "lines": return field.value.split("\n").map((line) => line.trim()).filter(Boolean);
    default: return text === "" ? null : unbroken(field);
  }
}

function content(form) {
  const made = {};
  for (const field of form.querySelectorAll("[data-kind]")) {
    const given = value(field);
    if (given !== null || "nulls" in form.dataset) made[field.name] = given;
  }
  return made;
}

function showProblem(form, problem) {
  let first = null;
  const rest = [];
  for (const error of problem.errors ?? []) {
    const name = String(error.loc[1] ?? "");
    const place = name && form.querySelector(`[data-error="${CSS.escape(name)}"]`);
    const field = name && form.elements[name];
    if (!place || !field) { rest.push(`${name} ${error.msg}`); continue; }
    place.textContent = error.msg;
    field.setAttribute("aria-invalid", "true");
    field.closest("details")?.setAttribute("open", "");
    first ??= field;
  }
  if (!(problem.errors ?? []).length || rest.length) {
    const text = rest.join("; ") || problem.detail || "That did not work.";
    const place = form.querySelector('[data-error=""]');
    if (place) place.textContent = text; else say(text);
  }
  first?.focus();
}

function clearProblems(form) {
  for (const place of form.querySelectorAll("[data-error]")) place.textContent = "";
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
}

function after(form, answer) {
  const then = form.dataset.then;
  if (then === "key") {
    document.getElementById("raw-key").textContent = answer.raw_key ?? answer.raw_token;
    const shown = document.getElementById("new-key");
    shown.hidden = false;
    shown.querySelector("button").focus();
    form.reset();
    return;
  }
  if (then === "event") return form.dispatchEvent(new CustomEvent("answered", { detail: answer }));
  if (then === "reload") location.reload();
  else location.assign(then.replace("{id}", encodeURIComponent(answer?.id ?? "")));
}

async function send(form) {
  const [method, path] = form.dataset.api.split(" ");
  const options = { method, headers: { Accept: "application/json" } };
  if (method !== "DELETE") {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(content(form));
  }
  const response = await fetch(path, options);
  const answer = response.status === 204 ? null : await response.json();
  if (response.ok) after(form, answer);
  else showProblem(form, answer);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.api) return;
  event.preventDefault();
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) return;
  const guard = form.querySelector("[data-must-equal]");
  if (guard && guard.value !== guard.dataset.mustEqual) {
    showProblem(form, { detail: "The name is not the same." });
    return guard.focus();
  }
  clearProblems(form);
  const buttons = form.querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  try {
    await send(form);
  } catch {
    showProblem(form, { detail: "The appliance did not answer." });
  } finally {
    for (const button of buttons) button.disabled = false;
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { open, copyFrom, copyUrl, toggle, other } = button.dataset;
  if (open) document.getElementById(open).showModal();
  else if ("close" in button.dataset) button.closest("dialog").close();
  else if ("copy" in button.dataset) copy(button.dataset.copy);
  else if (copyUrl) copyAnswer(copyUrl);
  else if (copyFrom) copy(document.getElementById(copyFrom).textContent);
  else if ("help" in button.dataset) document.getElementById("help").showModal();
  else if (toggle) {
    const shown = document.getElementById(toggle), hidden = document.getElementById(other);
    shown.hidden = !shown.hidden;
    hidden.hidden = !shown.hidden;
    button.setAttribute("aria-pressed", String(shown.hidden));
  }
});

function step(by) {
  const links = [...document.querySelectorAll(".logs .path a")];
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  links[Math.min(Math.max(at + by, 0), links.length - 1)].focus();
}

const places = { s: "/", l: "/dashboard", m: "/metrics-ui", a: "/alerts-ui", t: "/status", k: "/tokens" };
let pending = false;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (pending && places[event.key]) location.assign(places[event.key]);
  pending = event.key === "g";
  if (pending) return;
  const search = document.getElementById("f-q");
  if (event.key === "/") {
    event.preventDefault();
    if (search) search.focus(); else location.assign("/dashboard");
  } else if (event.key === "?") document.getElementById("help").showModal();
  else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
});

localise(document);
