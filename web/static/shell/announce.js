// What happened is said, to be read and to be heard, and goes after a while.

const SHOWN_MS = 4000;
const live = document.getElementById("live");
let clearing;

export function say(text) {
  live.textContent = text;
  clearTimeout(clearing);
  clearing = setTimeout(() => { live.textContent = ""; }, SHOWN_MS);
}
