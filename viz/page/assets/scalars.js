// An opened cell: its scalars, or groups of them, with the edges of operands, and around them what
// they are connected to.

const MOST_DRAWN = 34;
const MOST_AROUND = 6; // boxes on each side

class Scalars {
  constructor(step, walk, layout, actions) {
    this.step = step;
    this.walk = walk;
    this.layout = layout;
    this.actions = actions; // select(node), left()
    this.box = byId("scalars");
    this.zoom = 1;
    this.cell = -1;
    this.trail = []; // the parts looked into, the cell's own first
  }

  get isOpen() {
    return this.cell >= 0;
  }

  // -- where one is ------------------------------------------------------------------------------

  open(cell, trail = null) {
    this.cell = cell;
    this.trail = trail || [this.#root(cell)];
    while (this.trail.at(-1).parts.length === 1) this.trail.push(this.trail.at(-1).parts[0]);
    return this.draw();
  }

  close() {
    this.cell = -1;
    this.trail = [];
  }

  /** One level out; false if that is the Map. */
  out() {
    if (this.trail.length <= 1) return false;
    this.trail.pop();
    this.draw();
    return true;
  }

  /** Opens the parts that a node lies in, down to the one that draws it. */
  openAt(node) {
    const cell = this.step.cellOf[node];
    const trail = [this.#root(cell)];
    for (;;) {
      const inner = trail.at(-1).parts.find((part) => part.holds(this.step.localOf[node]));
      if (!inner || trail.at(-1).count <= MOST_DRAWN || trail.at(-1).isOfLeaves) break;
      trail.push(inner);
    }
    return this.open(cell, trail);
  }

  #root(cell) {
    const { graph } = this.step;
    return new Part(this.step, cell, graph.trees[graph.treeOf[cell]], "");
  }

  // -- what is drawn -----------------------------------------------------------------------------

  /** The boxes in sight: those inside first. */
  #boxes() {
    const { step } = this;
    const part = this.trail.at(-1);
    const inside = part.parts.length
      ? part.parts.map((inner) => (inner.count === 1 ? { node: inner.nodes()[0] } : { part: inner }))
      : part.nodes().map((node) => ({ node }));
    const boxOf = new Map();
    inside.forEach((box, place) => {
      for (const node of box.part ? box.part.nodes() : [box.node]) boxOf.set(node, place);
    });
    const outside = { before: new Map(), after: new Map() };
    const edges = [];
    const seen = (side, node) => {
      const key = this.#outsideKey(node);
      const found = outside[side].get(key) || { key, nodes: new Set(), side };
      found.nodes.add(node);
      outside[side].set(key, found);
      return found;
    };
    for (const [node, place] of boxOf) {
      for (let edge = step.start[node]; edge < step.start[node + 1]; edge += 1) {
        const from = boxOf.get(step.operand[edge]);
        if (from === undefined) edges.push([seen("before", step.operand[edge]), place, edge]);
        else if (from !== place) edges.push([from, place, edge]);
      }
      for (let i = step.out.start[node]; i < step.out.start[node + 1]; i += 1) {
        const edge = step.out.list[i];
        if (!boxOf.has(step.consumer[edge])) edges.push([place, seen("after", step.consumer[edge]), edge]);
      }
    }
    const around = [...this.#few([...outside.before.values()]), ...this.#few([...outside.after.values()])];
    const placeOf = new Map();
    around.forEach((box, i) => box.groups.forEach((group) => placeOf.set(group, inside.length + i)));
    const bundles = new Map();
    for (const [from, to, edge] of edges) {
      const ends = [from, to].map((end) => (typeof end === "number" ? end : placeOf.get(end)));
      const key = ends.join();
      const bundle = bundles.get(key) || { ends, edges: [] };
      bundle.edges.push(edge);
      bundles.set(key, bundle);
    }
    return { boxes: [...inside, ...around], bundles: [...bundles.values()], nInside: inside.length };
  }

  /** Nodes outside stand together by cell; of the cell at hand by the part beside. */
  #outsideKey(node) {
    const cell = this.step.cellOf[node];
    if (cell !== this.cell) return `cell ${cell}`;
    for (const part of this.trail.slice(0, -1).reverse()) {
      const place = part.parts.findIndex((inner) => inner.holds(this.step.localOf[node]));
      if (place >= 0) return `part ${part.label} ${place}`;
    }
    return "part";
  }

  /** No more boxes than one can read. */
  #few(groups) {
    if (groups.length <= MOST_AROUND) {
      return groups.map((group) => ({ around: true, groups: [group], nodes: [...group.nodes] }));
    }
    const shown = groups.slice(0, MOST_AROUND - 1);
    const rest = groups.slice(MOST_AROUND - 1);
    return [
      ...shown.map((group) => ({ around: true, groups: [group], nodes: [...group.nodes] })),
      { around: true, groups: rest, nodes: rest.flatMap((group) => [...group.nodes]) },
    ];
  }

  /** The element that shows a node, if any does. */
  boxOf(node) {
    if (this.weights) return this.weights.find((each) => each.node === node)?.made;
    return this.boxes?.find((_, place) => this.drawing.boxes[place].node === node);
  }

  draw() {
    this.drawn = this.#draw();
    return this.drawn;
  }

  async #draw() {
    this.#path();
    this.box.classList.remove("unplaced");
    if (this.trail.at(-1).isOfLeaves) {
      this.#grid();
      return;
    }
    this.weights = null;
    const isWide = this.box.clientWidth >= 560;
    byId("scalar-note").textContent = `${isWide ? "Left to right" : "Top down"}: operands to results. v value, ∇ gradient so far, `
      + "orange above 0 and blue below; dashed boxes lie outside. Click a box for its numbers, a group to open it.";
    const drawing = this.#boxes();
    const sizes = drawing.boxes.map((box) => (box.node !== undefined ? [140, 50] : [142, 44]));
    this.drawing = drawing;
    this.curves = null;
    this.boxes = drawing.boxes.map((box, place) => this.#box(box, place));
    this.sheet = element("div", "scalar-sheet");
    this.sheet.append(...this.boxes);
    this.box.replaceChildren(this.sheet);
    this.refresh();
    try {
      const places = await this.layout.place(sizes, drawing.bundles.map((bundle) => bundle.ends), isWide);
      if (this.drawing === drawing) this.#place(places, sizes);
    } catch (error) {
      this.box.classList.add("unplaced");
      this.box.prepend(element("p", "muted", `Shown as a list: ${error.message}`));
    }
  }

  /** Leaves have no operands: a grid of small cells, a row for each row of a matrix. */
  #grid() {
    const rows = this.trail.at(-1).leaves();
    this.drawing = null;
    this.boxes = null;
    this.weights = [];
    this.sheet = element("div", "weights");
    for (const part of rows) {
      const line = element("div", "line");
      for (const node of part.nodes()) {
        const made = button("weight", "", () => this.actions.select(node));
        made.setAttribute("aria-label", `${this.step.name(node)}, gradient ${brief(this.step.arrays.grad[node])}`);
        tipped(made, () => [
          this.step.name(node), `value ${exact(this.step.arrays.data[node])}`,
          `gradient ${exact(this.step.gradAt(node, this.walk.event))}`,
        ]);
        this.weights.push({ made, node });
        line.append(made);
      }
      this.sheet.append(element("div", "row-name", part.label), line);
    }
    this.box.replaceChildren(this.sheet);
    byId("scalar-note").textContent = "Each small cell is one number, as strong as its gradient so far: + above 0, − below. "
      + "Click one for its numbers and why it has that gradient.";
    this.zoom = 1;
    this.refresh();
  }

  #refreshWeights() {
    const { step, walk } = this;
    const visited = step.hasPass && walk.event < walk.last ? new Set(step.writesOf(walk.event).map((write) => step.writes.node[write])) : new Set();
    const largest = this.weights.reduce((most, { node }) => Math.max(most, Math.abs(step.arrays.grad[node]) || 0), 0);
    for (const { made, node } of this.weights) {
      const grad = step.gradAt(node, walk.event);
      const color = grad ? sizeColor(strength(Math.abs(grad), largest), Math.sign(grad), step.about.colors) : "";
      made.style.background = color;
      made.style.color = color ? inkOn(color) : "";
      made.textContent = grad > 0 ? "+" : grad < 0 ? "−" : "";
      made.classList.toggle("lit", visited.has(node));
      made.classList.toggle("chosen", node === this.actions.chosen());
    }
  }

  #box(box, place) {
    const { step } = this;
    let made;
    if (box.node !== undefined) {
      made = button("scalar", "", () => this.actions.select(box.node));
      const name = step.shortName(box.node);
      const glyph = step.isLeaf(box.node) ? "" : `${step.glyph(box.node)} `;
      const title = element("span", "scalar-name", `${glyph}${name}`);
      title.style.color = step.op(box.node).color;
      made.append(title, element("span", "scalar-value", `v ${brief(step.arrays.data[box.node])}`));
      made.append(element("span", "scalar-grad"));
      tipped(made, () => [
        step.name(box.node), `value ${exact(step.arrays.data[box.node])}`,
        `gradient ${exact(step.gradAt(box.node, this.walk.event))}`,
      ]);
    } else if (box.part) {
      made = button("group", "", () => {
        this.trail.push(box.part);
        this.draw();
      });
      made.append(element("span", "scalar-name", box.part.label), element("span", "muted count"));
      tipped(made, () => [box.part.label, `${counted(box.part.count)} scalars: click to open`]);
    } else {
      const { label, note } = this.#aroundLabel(box);
      made = button("around", "", () => this.#openAround(box));
      made.append(element("span", "scalar-name", label), element("span", "muted", note));
      tipped(made, () => [label, note, "click to open"]);
    }
    made.dataset.place = String(place);
    return made;
  }

  #aroundLabel(box) {
    const { step } = this;
    const n = box.nodes.length;
    if (n === 1) return { label: step.shortName(box.nodes[0]), note: step.cellLabel(step.cellOf[box.nodes[0]]) };
    const note = `${counted(n)} scalars`;
    if (box.groups.length > 1) return { label: `${box.groups.length} other parts`, note };
    const { key } = box.groups[0];
    if (key.startsWith("cell ")) return { label: step.cellLabel(Number(key.slice(5))), note };
    return { label: this.#partBeside(box.nodes[0]), note };
  }

  #partBeside(node) {
    for (const part of this.trail.slice(0, -1).reverse()) {
      const inner = part.parts.find((each) => each.holds(this.step.localOf[node]));
      if (inner) return inner.label;
    }
    return "this cell";
  }

  #openAround(box) {
    const [node] = box.nodes;
    if (box.nodes.length === 1) {
      this.actions.goTo(node);
    } else if (this.step.cellOf[node] !== this.cell) {
      this.actions.open(this.step.cellOf[node]);
    } else {
      this.openAt(node);
    }
  }

  #place(places, sizes) {
    const { width, height } = places;
    const margin = 10;
    this.sheet.style.width = `${width + 2 * margin}px`;
    this.sheet.style.height = `${height + 2 * margin}px`;
    this.sheet.classList.add("placed");
    this.boxes.forEach((made, i) => {
      const [x, y] = places.boxes[i];
      placed(made, x - sizes[i][0] / 2 + margin, y - sizes[i][1] / 2 + margin, ...sizes[i]);
    });
    const svg = drawn("svg", { width: width + 2 * margin, height: height + 2 * margin, "aria-hidden": "true" });
    this.curves = new Map();
    for (const { from, to, points } of places.curves) {
      const at = ([x, y]) => `${(x + margin).toFixed(1)} ${(y + margin).toFixed(1)}`;
      const path = drawn("path", { d: `M${at(points[0])}C${points.slice(1).map(at).join(" ")}`, class: "curve" });
      this.curves.set(`${from},${to}`, path);
      svg.append(path);
    }
    this.sheet.prepend(svg);
    this.#fit(width + 2 * margin, height + 2 * margin);
    this.refresh();
  }

  /** As large as fits, and not smaller than one can read. */
  #fit(width, height) {
    this.size = [width, height];
    const room = this.box.getBoundingClientRect();
    this.zoom = Math.min(1.25, Math.max(0.9, Math.min((room.width - 6) / width, (room.height - 6) / height)));
    this.#zoomed();
  }

  setZoom(by) {
    this.zoom = Math.min(3, Math.max(0.3, this.zoom * by));
    this.#zoomed();
  }

  #zoomed() {
    this.sheet.style.zoom = String(this.zoom);
  }

  // -- where one stands --------------------------------------------------------------------------

  #path() {
    const path = byId("path");
    const parts = [button("crumb", "Map", () => this.actions.left())];
    this.trail.forEach((part, place) => {
      parts.push(element("span", "muted", " ▸ "));
      const label = place ? part.label : this.step.cellLabel(this.cell);
      if (place === this.trail.length - 1) {
        const here = element("span", "here", label);
        here.setAttribute("aria-current", "location");
        parts.push(here);
      } else {
        parts.push(button("crumb", label, () => {
          this.trail.length = place + 1;
          this.draw();
        }));
      }
    });
    path.replaceChildren(...parts);
  }

  /** Gradients as they are after the event at hand; what is visited is lit. */
  refresh() {
    if (!this.isOpen) return;
    if (this.weights) this.#refreshWeights();
    if (!this.boxes) return;
    const { step, walk, drawing } = this;
    const { event } = walk;
    const visited = step.hasPass && event < walk.last ? step.visited(event) : -1;
    let largest = 0;
    drawing.boxes.forEach((box) => {
      if (box.node !== undefined) largest = Math.max(largest, Math.abs(step.arrays.grad[box.node]) || 0);
    });
    const lit = new Set();
    drawing.boxes.forEach((box, place) => {
      const made = this.boxes[place];
      let isLit = false;
      if (box.node !== undefined) {
        isLit = box.node === visited;
        this.#showGrad(made.lastChild, box.node, event, largest);
        made.classList.toggle("chosen", box.node === this.actions.chosen());
      } else if (box.part) {
        isLit = visited >= 0 && step.cellOf[visited] === this.cell && box.part.holds(step.localOf[visited]);
        const [done, all] = box.part.visitedBy(event);
        const part = step.hasPass && done < all ? `${counted(done)} of ${counted(all)} visited` : `${counted(box.part.count)} scalars`;
        made.lastChild.textContent = part;
      } else {
        isLit = visited >= 0 && box.nodes.includes(visited);
      }
      made.classList.toggle("lit", isLit);
      if (isLit) lit.add(place);
    });
    if (!this.curves) return;
    for (const { ends, edges } of drawing.bundles) {
      const path = this.curves.get(ends.join());
      if (path) path.classList.toggle("lit", lit.has(ends[1]) && edges.some((edge) => step.consumer[edge] === visited));
    }
  }

  #showGrad(made, node, event, largest) {
    const { step } = this;
    const grad = step.gradAt(node, event);
    const color = sizeColor(strength(Math.abs(grad), largest), Math.sign(grad) || 0, step.about.colors);
    made.textContent = `∇ ${brief(grad)}`;
    made.style.background = grad ? color : "";
    made.style.color = grad ? inkOn(color) : "";
  }
}
