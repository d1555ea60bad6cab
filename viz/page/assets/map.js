// The Map: a grid of cells with the river under it and the ribbons over it.

class MapView {
  constructor(step, walk, actions) {
    this.step = step;
    this.walk = walk;
    this.actions = actions; // select(cell), open(cell)
    this.lens = step.map.lenses[0];
    this.zoom = 1;
    this.selected = -1;
    this.lit = -1;
    this.cells = [];
    this.shown = []; // what each cell shows, so that only what changes is touched
    this.at = new Map(); // cells by "row,column"
    const { row, column } = step.map.cells;
    row.forEach((r, cell) => this.at.set(`${r},${column[cell]}`, cell));
    this.strips = new Map(step.map.strips.map((strip) => [strip.cell, strip]));
    this.flows = new MapFlows(this);
    this.box = byId("map");
    this.box.addEventListener("keydown", (event) => this.#key(event));
    this.#build();
    this.box.addEventListener("scroll", () => {
      hideTip();
      this.#pin();
    });
    new ResizeObserver(() => this.layOut()).observe(this.box);
  }

  // -- what there is -----------------------------------------------------------------------------

  #build() {
    const { map } = this.step;
    this.sheet = element("div", "sheet");
    this.corner = element("div", "corner", map.nextAfter === null ? "" : "reads");
    this.corner.setAttribute("role", "columnheader");
    this.head = element("div", "heads");
    this.head.setAttribute("role", "row");
    this.head.append(this.corner);
    this.columnHeads = map.columns.map((column) => {
      const made = element("div", "column-head", column.token);
      made.setAttribute("role", "columnheader");
      made.setAttribute("aria-label", column.name);
      tipped(made, () => [column.name]);
      this.head.append(made);
      return made;
    });
    this.under = drawn("svg", { class: "under", "aria-hidden": "true" });
    this.over = drawn("svg", { class: "over", "aria-hidden": "true" });
    this.sheet.append(this.under);
    this.rows = map.rows.map((row, place) => {
      const made = element("div", "row");
      made.setAttribute("role", "row");
      const head = element("div", `row-head${row.head === null ? "" : " head"}`);
      head.append(element("span", "", this.step.rowName(place)));
      tipped(head, () => [this.step.rowName(place), ...row.matrices]);
      head.setAttribute("role", "rowheader");
      if (row.head !== null) head.style.setProperty("--head", this.headColor(row.head));
      made.append(head);
      this.sheet.append(made);
      return { made, head };
    });
    map.cells.row.forEach((row, cell) => {
      this.rows[row].made.append(this.#cell(cell));
    });
    this.nexts = map.nextAfter === null ? [] : map.columns.map((column) => {
      const made = element("div", "next", column.target || "");
      this.sheet.append(made);
      return made;
    });
    this.nextLabel = element("div", "row-head next-label");
    this.nextLabel.append(element("span", "", "comes next"));
    if (map.nextAfter !== null) this.sheet.append(this.nextLabel);
    this.sheet.append(this.over, this.head);
    this.box.setAttribute("aria-rowcount", String(map.rows.length));
    this.box.setAttribute("aria-colcount", String(map.columns.length));
    this.box.append(this.sheet);
  }

  #cell(cell) {
    const { cells } = this.step.map;
    const made = element("div", "cell");
    made.setAttribute("role", "gridcell");
    made.tabIndex = -1;
    made.dataset.cell = String(cell);
    if (cells.parameters[cell]) made.classList.add("parameters");
    if (this.strips.has(cell)) made.classList.add("strip");
    const bar = element("span", "bar");
    const text = element("span", "text");
    made.append(bar, text);
    made.addEventListener("click", () => {
      if (this.selected === cell) this.actions.open(cell);
      else this.select(cell, true);
    });
    tipped(made, () => this.#lines(cell));
    this.cells[cell] = { made, bar, text };
    return made;
  }

  headColor(head) {
    const { heads } = this.step.about.colors;
    return heads[head % heads.length];
  }

  #lines(cell) {
    const { step, lens } = this;
    const progress = step.progress(cell, this.walk.event);
    const lines = [step.cellName(cell)];
    const strip = this.strips.get(cell);
    if (strip) {
      strip.sources.slice(0, 12).forEach((source, place) => {
        const { token } = step.map.columns[source];
        lines.push(`reads ${exact(step.arrays.data[strip.nodes[place]])} of ${source} ${token}`);
      });
    }
    const waits = this.#waits(cell, progress);
    const [name, number] = step.shownOf(cell, lens);
    if (!waits) lines.push(`${name} ${exact(number)}`);
    if (!waits && name !== "grad") lines.push(`gradient norm ${exact(step.arrays["map.grad"][cell])}`);
    if (lens.name !== "value") lines.push(`value norm ${exact(step.arrays["map.data"][cell])}`);
    if (step.hasPass) {
      const [done, all] = step.doneIn(cell, this.walk.event);
      lines.push(progress === "under" ? `${counted(done)} of ${counted(all)} visited` : TOLD[progress]);
    }
    return lines;
  }

  #waits(cell, progress) {
    const kind = this.lens.kinds[cell];
    return this.step.hasPass && this.lens.backward && kind === "number" && progress !== "done";
  }

  // -- where things stand ------------------------------------------------------------------------

  /** Lengths for the room that there is; cells move, nothing is made anew. */
  layOut() {
    const { map } = this.step;
    const room = this.box.clientWidth;
    if (!room) return;
    const isSmall = room < 640;
    const { zoom } = this;
    const nColumns = map.columns.length;
    const hasHeads = map.strips.length > 0;
    const around = map.rows.some((row) => row.around);
    this.size = Math.min(isSmall ? 11 : 13, 13) * Math.max(0.8, Math.min(zoom, 1.6));
    const longest = Math.max(...map.rows.map((_, row) => this.step.rowName(row).length), 9);
    this.label = Math.min(isSmall ? 92 : 170, longest * this.size * 0.56 + 16);
    const hasParameters = map.cells.parameters.some(Boolean);
    this.parameters = hasParameters ? 52 * Math.min(zoom, 1.4) : 0;
    const names = hasParameters && !isSmall ? 110 : hasParameters ? 70 : 0;
    const free = room - this.label - 10 - (isSmall ? 0 : this.parameters + names);
    const least = hasHeads || around ? 46 : 40;
    const fits = free / nColumns;
    const base = fits >= least ? Math.min(fits, 190) : nColumns > 40 ? 14 : least;
    this.pitch = Math.max(base * zoom, 8);
    this.gutter = this.pitch * (hasHeads ? 0.14 : 0.1);
    this.lane = around ? this.pitch * (this.pitch < 80 ? 0.1 : 0.2) : 0;
    this.hasNumbers = this.pitch >= 38;
    const head = isSmall ? 26 : 30;
    const nRows = map.rows.length + (map.nextAfter === null ? 0 : 1);
    this.ribbonLane = hasHeads && !isSmall ? 9 * zoom : 3;
    const lanes = map.rows.filter((row) => row.head !== null).length * this.ribbonLane;
    const tall = (this.box.clientHeight - head - 14 - lanes) / nRows;
    const rowHeight = Math.max(isSmall ? 24 : 22.5, Math.min(tall, 44)) * zoom;
    this.cellHeight = Math.min(rowHeight - 4, 30 * zoom);
    let y = head + 4;
    this.tops = map.rows.map((row, place) => {
      y += row.head === null ? 0 : this.ribbonLane;
      const top = y;
      y += rowHeight * (place === map.nextAfter ? 2 : 1);
      return top;
    });
    this.rowHeight = rowHeight;
    const right = this.label + nColumns * this.pitch;
    this.sheet.style.fontSize = `${this.size}px`;
    placed(this.sheet, 0, 0, right + this.parameters + names + 8, y + 6);
    for (const svg of [this.under, this.over]) {
      svg.setAttribute("width", String(right + 4));
      svg.setAttribute("height", String(y));
    }
    this.head.style.height = `${head}px`;
    this.corner.style.width = `${this.label - 8}px`;
    this.#placeColumns(right);
    this.#placeCells(right, names);
    this.flows.draw();
    this.refresh(true);
    this.#pin();
  }

  #placeColumns() {
    const widest = Math.max(...this.columnHeads.map((made) => made.textContent.length), 1);
    const every = this.hasNumbers ? 1 : Math.ceil((widest * this.size * 0.7 + 4) / this.pitch);
    this.columnHeads.forEach((made, column) => {
      made.style.left = `${this.x(column)}px`;
      made.style.width = `${(this.pitch - this.gutter) * every}px`;
      made.hidden = column % every !== 0;
    });
    this.nexts.forEach((made, column) => {
      const top = this.tops[this.step.map.nextAfter] + this.rowHeight;
      placed(made, this.x(column), top, this.pitch - this.gutter, this.cellHeight);
      made.hidden = !this.hasNumbers;
    });
    if (this.nexts.length) {
      const top = this.tops[this.step.map.nextAfter] + this.rowHeight;
      placed(this.nextLabel, 0, top, this.label - 8, this.cellHeight);
    }
  }

  #placeCells(right) {
    const { row, column, parameters } = this.step.map.cells;
    this.rows.forEach(({ head }, place) => {
      placed(head, 0, this.tops[place], this.label - 8, this.cellHeight);
    });
    this.cells.forEach(({ made }, cell) => {
      const top = this.tops[row[cell]];
      if (column[cell] >= 0) {
        placed(made, this.cellX(row[cell], column[cell]), top, this.cellWidth(row[cell]), this.cellHeight);
      } else if (parameters[cell]) {
        placed(made, right + 6, top, this.parameters - 6, this.cellHeight);
        made.dataset.names = this.step.map.rows[row[cell]].names;
      } else {
        placed(made, this.label, top, right - this.label - this.gutter, this.cellHeight);
      }
    });
  }

  /** Left edge of a column. */
  x(column) {
    return this.label + column * this.pitch;
  }

  cellX(row, column) {
    return this.x(column) + (this.step.map.rows[row].around ? this.lane + 2 : 0);
  }

  cellWidth(row) {
    return this.pitch - this.gutter - (this.step.map.rows[row].around ? this.lane + 2 : 0);
  }

  /** Labels stay in sight. */
  #pin() {
    const { scrollLeft, scrollTop } = this.box;
    this.head.style.transform = `translateY(${scrollTop}px)`;
    for (const { head } of this.rows) head.style.transform = `translateX(${scrollLeft}px)`;
    this.nextLabel.style.transform = `translateX(${scrollLeft}px)`;
    this.corner.style.transform = `translateX(${scrollLeft}px)`;
  }

  // -- what cells show ---------------------------------------------------------------------------

  setLens(name) {
    this.lens = this.step.map.lenses.find((lens) => lens.name === name);
    this.flows.draw();
    this.refresh(true);
  }

  /** The cells as they are after the event at hand. */
  refresh(all = false) {
    const { event } = this.walk;
    const visited = this.step.hasPass && (event < this.walk.last || this.walk.direction)
      ? this.step.cellOf[this.step.visited(event)] : -1;
    for (let cell = 0; cell < this.cells.length; cell += 1) {
      const progress = this.step.hasPass ? this.step.progress(cell, event) : "done";
      const done = progress === "under" ? this.step.doneIn(cell, event)[0] : 0;
      const key = `${progress}${done}`;
      if (all || this.shown[cell] !== key) {
        const before = this.shown[cell];
        this.shown[cell] = key;
        this.#show(cell, progress);
        if (all || !before || before.startsWith("done") !== (progress === "done")) this.flows.update(cell, progress);
      }
    }
    if (visited !== this.lit) {
      if (this.lit >= 0) this.cells[this.lit].made.classList.remove("lit");
      if (visited >= 0) this.cells[visited].made.classList.add("lit");
      this.lit = visited;
    }
  }

  #show(cell, progress) {
    const { made, bar, text } = this.cells[cell];
    const { lens, step } = this;
    const colors = step.about.colors;
    const waits = this.#waits(cell, progress);
    const [done, all] = progress === "under" ? step.doneIn(cell, this.walk.event) : [0, 0];
    const kind = lens.kinds[cell];
    const strip = this.strips.get(cell);
    const size = waits ? 0 : lens.sizes[cell];
    made.classList.toggle("waits", waits);
    let fill = "";
    let ink = "";
    let shown = "";
    bar.style.width = "0";
    bar.style.height = "";
    if (strip && !waits) {
      made.style.backgroundImage = this.#strip(strip);
    } else {
      made.style.backgroundImage = "";
      if (waits) {
        const count = `◑ ${counted(done)}/${counted(all)}`;
        const fits = count.length * this.size * 0.66 < this.cellWidth(step.map.cells.row[cell]);
        shown = progress === "under" && fits ? count : SIGNS[progress];
        if (progress === "under") bar.style.width = `${(100 * done) / all}%`;
      } else if (kind !== "number") {
        bar.style.width = `${100 * size}%`;
        shown = this.cellWidth(step.map.cells.row[cell]) < 44 ? lens.texts[cell].replace(" %", "%") : lens.texts[cell];
      } else {
        const isNone = lens.signed && !lens.signs[cell];
        const narrow = !this.hasNumbers && step.map.cells.column[cell] >= 0;
        if (!isNone && !narrow) {
          fill = sizeColor(size, lens.signs[cell], colors);
          ink = inkOn(fill);
        } else if (narrow) { // never by colour alone: as high as it is large
          bar.style.width = "100%";
          bar.style.height = `${Math.max(6, 100 * size)}%`;
        }
        bar.style.background = narrow ? sizeColor(size, lens.signs[cell], colors) : "";
        shown = lens.texts[cell];
      }
    }
    if (kind !== "number" || waits) bar.style.background = "";
    made.style.backgroundColor = fill;
    made.style.color = ink;
    const isNarrow = !this.hasNumbers && step.map.cells.column[cell] >= 0;
    text.textContent = isNarrow && !waits ? "" : shown;
    const state = step.hasPass ? `, ${progress === "under" ? `${done} of ${all} visited` : TOLD[progress]}` : "";
    const number = waits ? "" : `, ${step.shownOf(cell, lens)[0]} ${lens.texts[cell]}`;
    made.setAttribute("aria-label", `${step.cellName(cell)}${number}${state}`);
  }

  /** A head's weights side by side, as dark as they are large. */
  #strip(strip) {
    const n = this.step.map.columns.length;
    const color = channels(this.headColor(strip.head)).join(" ");
    const stops = strip.sources.map((source, place) => {
      const weight = Math.min(1, Math.max(0, this.step.arrays.data[strip.nodes[place]])) || 0;
      const ends = `${(100 * source) / n}% ${(100 * (source + 1)) / n}%`;
      return { source, text: `rgb(${color} / ${weight.toFixed(3)}) ${ends}` };
    }).sort((a, b) => a.source - b.source).map((stop) => stop.text);
    const last = (100 * (Math.max(...strip.sources) + 1)) / n;
    if (last < 100) stops.push(`transparent ${last}% 100%`);
    const lines = this.pitch / n > 6
      ? `repeating-linear-gradient(90deg, transparent 0 calc(${100 / n}% - 1px), var(--line) calc(${100 / n}% - 1px) ${100 / n}%), ` : "";
    return `${lines}linear-gradient(90deg, ${stops.join(", ")})`;
  }

  // -- choosing ----------------------------------------------------------------------------------

  select(cell, tell = false) {
    if (this.selected >= 0) {
      const { made } = this.cells[this.selected];
      made.classList.remove("selected");
      made.removeAttribute("aria-selected");
      made.tabIndex = -1;
    }
    this.selected = cell;
    const column = this.step.map.cells.column[cell];
    const { made } = this.cells[cell];
    made.classList.add("selected");
    made.setAttribute("aria-selected", "true");
    made.tabIndex = 0;
    this.columnHeads.forEach((head, place) => head.classList.toggle("chosen", place === column));
    this.flows.choose(column);
    if (tell) {
      made.focus({ preventScroll: false });
      this.actions.select(cell);
    }
  }

  #key(event) {
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const move = moves[event.key];
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" && this.selected >= 0) {
      this.actions.open(this.selected);
    } else if (move) {
      const next = this.#beside(this.selected, ...move);
      if (next >= 0) this.select(next, true);
    } else {
      return;
    }
    event.preventDefault();
  }

  /** The cell beside one; parameters stand right of the last column. */
  #beside(cell, down, right) {
    const { row, column, parameters } = this.step.map.cells;
    const n = this.step.map.columns.length;
    const placeOf = (c) => (column[c] >= 0 ? column[c] : parameters[c] ? n : 0);
    const candidates = row.map((_, c) => c).filter((c) => {
      if (down) return down * (row[c] - row[cell]) > 0;
      return row[c] === row[cell] && right * (placeOf(c) - placeOf(cell)) > 0;
    });
    const distance = (c) => Math.abs(row[c] - row[cell]) * 10000 + Math.abs(placeOf(c) - placeOf(cell));
    return candidates.reduce((best, c) => (best < 0 || distance(c) < distance(best) ? c : best), -1);
  }
}
