// What flows on the Map: the river down each column, and the ribbons from keys and values to heads.

const LEAST_BAND = 1;
const MOST_RIBBON = 7;

class MapFlows {
  constructor(view) {
    this.view = view;
    this.chosen = -1; // the column whose ribbons are strong
  }

  get flows() {
    const { step, lens } = this.view;
    return step.map.flows[lens.name === "value" ? "value" : "grad"];
  }

  draw() {
    const { view } = this;
    if (view.pitch === undefined) return;
    this.ribbons = [];
    this.given = new Map(); // what each cell gives, by cell
    view.under.replaceChildren();
    view.over.replaceChildren();
    this.#river();
    this.#ribbons();
    this.choose(this.chosen);
  }

  #river() {
    const { view } = this;
    const full = view.pitch - view.gutter;
    const most = view.lane || full * 0.5;
    for (const [column, from, to, way, part] of this.flows.bands) {
      if (!part) continue;
      const edge = view.x(column);
      const inner = full - (view.lane ? view.lane + 2 : 0);
      const middle = way === 1 ? edge + full - inner / 2 : edge + (view.lane || full) / 2;
      const width = Math.min(way === 1 ? inner : most, Math.max(LEAST_BAND, part * most));
      const top = view.tops[from] + view.cellHeight - 2;
      const rect = drawn("rect", {
        x: (middle - width / 2).toFixed(1), y: top.toFixed(1), width: width.toFixed(1),
        height: Math.max(0, view.tops[to] + 2 - top).toFixed(1), class: "band",
      });
      this.#give(view.at.get(`${to},${column}`), rect);
      view.under.append(rect);
    }
  }

  #ribbons() {
    const { view } = this;
    const { map } = view.step;
    const parts = this.flows.ribbons;
    const sums = new Map();
    map.ribbons.forEach(([row, , , column], i) => {
      sums.set(`${row},${column}`, (sums.get(`${row},${column}`) || 0) + parts[i]);
    });
    const fits = (view.ribbonLane - 3) / Math.max(1e-9, ...sums.values());
    const most = Math.max(0.6, Math.min(MOST_RIBBON, view.gutter / 3, fits));
    const heights = new Map();
    const order = map.ribbons.map((_, i) => i).sort((a, b) => map.ribbons[a][2] - map.ribbons[b][2]);
    for (const i of order) {
      const [row, head, source, column] = map.ribbons[i];
      if (!parts[i]) continue;
      const width = Math.max(0.6, parts[i] * most);
      const key = `${row},${column}`;
      const before = heights.get(key) || 0;
      const height = Math.min(before + width / 2 + 0.5, Math.max(1, view.ribbonLane - 1));
      heights.set(key, before + width + 0.6);
      const path = drawn("path", {
        d: this.#path(row, head, source, column, height), class: "ribbon",
        stroke: view.headColor(head), "stroke-width": width.toFixed(2),
      });
      this.ribbons.push({ path, column });
      this.#give(view.at.get(`${row},${column}`), path);
      view.over.append(path);
    }
  }

  #give(cell, flow) {
    const flows = this.given.get(cell) || [];
    flows.push(flow);
    this.given.set(cell, flows);
  }

  /** From the row above the heads down beside the source's column, and over to the reader's strip. */
  #path(row, head, source, column, height) {
    const { view } = this;
    const rows = view.step.map.rows;
    let first = row;
    while (first > 0 && rows[first - 1].head !== null && rows[first - 1].layer === rows[row].layer) first -= 1;
    let nHeads = 1;
    while (first + nHeads < rows.length && rows[first + nHeads].head !== null) nHeads += 1;
    const start = Math.max(0, first - 1);
    const bend = Math.min(5, view.gutter / 4);
    const x0 = view.x(source) + view.pitch - view.gutter;
    const across = (nHeads - 0.5 - (head % nHeads)) / nHeads;
    const xt = x0 + 1 + (view.gutter - 4) * across;
    const y0 = view.tops[start] + view.cellHeight * (0.3 + (0.5 * (head % nHeads)) / nHeads);
    const strip = view.tops[row];
    const yl = strip - height;
    const part = view.cellWidth(row) / view.step.map.columns.length;
    const xs = view.cellX(row, column) + (source + 0.5) * part;
    const points = [x0, y0, xt, y0, xt, y0 + bend, yl - bend, xt, yl, xt + bend, yl, xs - bend, xs, yl, xs, strip]
      .map((number) => number.toFixed(1));
    const [a, b, c, d, e, f, g, h, k, l, m, o, p, q, r, s] = points;
    return `M${a} ${b}Q${c} ${d} ${e} ${f}V${g}Q${h} ${k} ${l} ${m}H${o}Q${p} ${q} ${r} ${s}`;
  }

  /** Those of one reader are strong; of the strongest if none is chosen. */
  choose(column) {
    this.chosen = column;
    if (!this.ribbons) return;
    let reader = column;
    if (reader < 0) {
      const sums = new Map();
      const parts = this.flows.ribbons;
      this.view.step.map.ribbons.forEach(([, , , to], i) => sums.set(to, (sums.get(to) || 0) + parts[i]));
      reader = [...sums].reduce((best, each) => (each[1] > best[1] ? each : best), [-1, -1])[0];
    }
    this.reader = reader;
    for (const ribbon of this.ribbons) {
      const isStrong = ribbon.column === reader;
      ribbon.path.classList.toggle("strong", isStrong);
      if (isStrong) this.view.over.append(ribbon.path);
    }
  }

  /** The river rises with the pass: what a cell gives is there once the cell is complete. */
  update(cell, progress) {
    const isThere = progress === "done" || !this.view.lens.backward;
    for (const flow of this.given?.get(cell) || []) flow.classList.toggle("dry", !isThere);
  }
}
