// Where one stands in the backward pass, and how one moves. Draws nothing but its own bar.

const SPEEDS = [1, 2, 5, 10, 30, 100, 300, 1000, 3000];
const UNITS = { event: "event", cell: "cell", column: "position" };

class Walk {
  constructor(step) {
    this.step = step;
    this.last = Math.max(0, step.nEvents - 1);
    this.event = this.last;
    this.unit = "cell";
    this.speed = 3;
    this.direction = 0; // of playing
    this.listeners = [];
  }

  onMove(listener) {
    this.listeners.push(listener);
  }

  go(event) {
    const to = Math.min(Math.max(0, event), this.last);
    if (to === this.event) return;
    this.event = to;
    for (const listener of this.listeners) listener(to);
  }

  /** The event that a move ends at. */
  #after(unit, direction) {
    if (unit === "event") return this.event + direction;
    const stops = this.step.map.stops[unit === "cell" ? "cells" : "columns"];
    if (direction > 0) {
      const next = stops[lastAtMost(stops, this.event) + 1];
      return next === undefined ? this.last : next;
    }
    const before = lastAtMost(stops, this.event - 1);
    return before < 0 ? 0 : stops[before];
  }

  move(unit, direction) {
    this.unit = unit;
    this.go(this.#after(unit, direction));
    this.refresh();
  }

  // -- playing -----------------------------------------------------------------------------------

  play(direction) {
    if (this.direction) {
      this.stop();
      return;
    }
    if (direction > 0 && this.event === this.last) this.go(0);
    if (direction < 0 && this.event === 0) this.go(this.last);
    this.direction = direction;
    let before = performance.now();
    let owed = 0;
    const tick = (now) => {
      if (!this.direction) return;
      owed += ((now - before) / 1000) * SPEEDS[this.speed];
      before = now;
      if (owed >= 1) {
        let moves = Math.min(Math.floor(owed), 500);
        owed -= Math.floor(owed);
        let to = this.event;
        if (this.unit === "event") to += this.direction * moves;
        else for (; moves > 0; moves -= 1) {
          const from = this.event;
          this.event = to;
          to = this.#after(this.unit, this.direction);
          this.event = from;
        }
        this.go(to);
        if (this.event === (this.direction > 0 ? this.last : 0)) this.stop();
      }
      requestAnimationFrame(tick);
    };
    this.refresh();
    requestAnimationFrame(tick);
  }

  stop() {
    this.direction = 0;
    this.refresh();
  }

  faster(by) {
    this.speed = Math.min(Math.max(0, this.speed + by), SPEEDS.length - 1);
    this.refresh();
  }

  // -- its bar -----------------------------------------------------------------------------------

  build() {
    const bar = byId("walk");
    if (!this.step.hasPass) {
      const told = `No backward pass to step through: ${this.step.graph.whyNoEvents}`;
      bar.replaceChildren(element("p", "muted", told));
      return;
    }
    const press = (id, action) => byId(id).addEventListener("click", action);
    press("to-start", () => this.go(0));
    press("to-end", () => this.go(this.last));
    press("back-cell", () => this.move("cell", -1));
    press("back-event", () => this.move("event", -1));
    press("on-event", () => this.move("event", 1));
    press("on-cell", () => this.move("cell", 1));
    press("play-back", () => this.play(-1));
    press("play", () => this.play(1));
    press("slower", () => this.faster(-1));
    press("faster", () => this.faster(1));
    this.slider = byId("slider");
    this.slider.max = String(this.last);
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    byId("by").addEventListener("change", () => { this.unit = byId("by").value; });
    this.refresh();
  }

  /** The bar as things are. */
  refresh() {
    if (!this.step.hasPass) return;
    const { step, event } = this;
    this.slider.value = String(event);
    byId("by").value = this.unit;
    const { cells } = step.map.stops;
    const done = lastAtMost(cells, event) + 1;
    byId("at").textContent = `event ${counted(event)} of ${counted(this.last)} · cell ${done} of ${cells.length}`;
    this.slider.setAttribute("aria-valuetext", `event ${event} of ${this.last}`);
    byId("play").textContent = this.direction > 0 ? "❚❚" : "▶";
    byId("play-back").textContent = this.direction < 0 ? "❚❚" : "◀";
    byId("play").setAttribute("aria-pressed", String(this.direction > 0));
    byId("play-back").setAttribute("aria-pressed", String(this.direction < 0));
    byId("event").setAttribute("aria-live", this.direction ? "off" : "polite");
    byId("speed").textContent = `${counted(SPEEDS[this.speed])}/s`;
  }
}
