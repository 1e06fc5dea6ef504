// Times as the reader's clock has them; the exact one stays as a title.

const long = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const minute = new Intl.DateTimeFormat(undefined,
  { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const padded = (n, width = 2) => String(n).padStart(width, "0");

function clock(moment) {
  const parts = [moment.getHours(), moment.getMinutes(), moment.getSeconds()];
  return `${parts.map((part) => padded(part)).join(":")}.${padded(moment.getMilliseconds(), 3)}`;
}

export function localise(root) {
  const today = new Date().toDateString();
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    time.title = time.dateTime;
    if ("minutes" in time.dataset) time.textContent = minute.format(moment);
    else if (!("short" in time.dataset)) time.textContent = long.format(moment);
    else if (moment.toDateString() === today) time.textContent = clock(moment);
    else time.textContent = `${day.format(moment)} ${clock(moment)}`;
  }
}
