// The bars over time: a drag, or arrows with Shift and Enter, narrow the list to a part of them.

import { clock, narrowTo } from "./times.js";

class Strip {
  constructor(strip) {
    this.strip = strip;
    this.counts = strip.dataset.counts.split(" ").map((pair) => pair.split(",").map(Number));
    this.first = Date.parse(strip.dataset.first);
    this.width = Number(strip.dataset.width);
    this.chosen = strip.querySelector(".chosen");
    this.readout = strip.parentElement.querySelector(".readout");
    this.at = this.from = this.counts.findLastIndex(([requests]) => requests > 0);
    // Without scripts it is a picture.
    Object.assign(strip, { role: "slider", tabIndex: 0, ariaValueMin: 0, ariaValueMax: this.counts.length - 1 });
    this.tell();
    const heard = { pointerdown: "press", pointermove: "move", pointerup: "release", pointercancel: "clear",
      pointerleave: "leave", keydown: "key", focus: "paint", blur: "clear" };
    for (const [name, act] of Object.entries(heard)) strip.addEventListener(name, (event) => this[act](event));
  }

  start(index) { return this.first + index * this.width; }

  index(event) {
    const box = this.strip.getBoundingClientRect();
    const at = Math.floor((event.clientX - box.left) / box.width * this.counts.length);
    return Math.min(Math.max(at, 0), this.counts.length - 1);
  }

  get ends() { return [Math.min(this.from, this.at), Math.max(this.from, this.at) + 1]; }

  text() {
    const [from, to] = this.ends;
    const sum = (place) => this.counts.slice(from, to).reduce((total, pair) => total + pair[place], 0);
    const times = `${clock(this.start(from))} to ${clock(this.start(to))}`;
    return `${times}: ${sum(0).toLocaleString()} requests, ${sum(1).toLocaleString()} errors`;
  }

  tell() {
    this.strip.setAttribute("aria-valuenow", String(this.at));
    this.strip.setAttribute("aria-valuetext", this.text());
  }

  paint() {
    const [from, to] = this.ends;
    this.chosen.setAttribute("x", String(from));
    this.chosen.setAttribute("width", String(to - from));
    this.readout.textContent = ` · ${this.text()}`;
    this.tell();
  }

  clear() {
    this.isDragged = false;
    this.from = this.at;
    this.chosen.setAttribute("width", "0");
    this.readout.textContent = "";
  }

  leave() { if (!this.isDragged && document.activeElement !== this.strip) this.clear(); }

  press(event) {
    if (event.button) return;
    this.strip.setPointerCapture(event.pointerId);
    this.isDragged = true;
    this.from = this.at = this.index(event);
    this.paint();
  }

  move(event) {
    this.at = this.index(event);
    if (!this.isDragged) this.from = this.at;
    this.paint();
  }

  release() { if (this.isDragged) this.narrow(); }

  narrow() {
    const [from, to] = this.ends;
    this.isDragged = false;
    narrowTo(this.start(from), this.start(to));
  }

  key(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };
    if (event.key === "Enter") return this.narrow();
    if (event.key === "Escape") return this.clear();
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.at = Math.min(Math.max(this.at + steps[event.key], 0), this.counts.length - 1);
    if (!event.shiftKey) this.from = this.at;
    this.paint();
  }
}

export function draw(place) {
  for (const strip of place.querySelectorAll(".strip")) new Strip(strip);
}
