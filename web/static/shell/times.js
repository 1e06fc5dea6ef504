// Times as the reader's clock has them, or the one of the address; the exact one stays as a title.

import { writer } from "./zone.js";

const long = writer({ dateStyle: "medium", timeStyle: "medium" });
const minute = writer({ month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = writer({ month: "short", day: "numeric" });
const date = writer({ dateStyle: "short" });
const year = writer({ dateStyle: "medium" });
const clock = writer({ hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3,
  hourCycle: "h23" }, "en");

export function localise(root) {
  const today = date(new Date());
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    time.title = time.dateTime;
    if ("date" in time.dataset) time.textContent = year(moment);
    else if ("minutes" in time.dataset) time.textContent = minute(moment);
    else if (!("short" in time.dataset)) time.textContent = long(moment);
    else if (date(moment) === today) time.textContent = clock(moment);
    else time.textContent = `${day(moment)} ${clock(moment)}`;
  }
}
