// Every scalar of the step at once: a dot at (operand, node) is an edge, from afar to a single one.

const DOT = 2; // pixels, at the least
const PITCH = 24; // of a scalar where it is largest
const NEAR = 2; // so many dots beside the pointer still count

class AllScalars {
  constructor(step, walk, actions) {
    this.step = step;
    this.walk = walk;
    this.actions = actions; // chosen(), select(node), openAt(node)
    this.box = byId("all-scalars");
    this.canvas = element("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-label", "All scalars: arrows choose one, Enter opens it");
    this.box.append(this.canvas);
    this.isShown = false;
    this.orders = new Map();
    this.largest = step.arrays.contribution.reduce((most, x) => Math.max(most, Math.abs(x) || 0), 0);
    byId("order").addEventListener("change", () => this.#arrange());
    this.#listen();
    new ResizeObserver(() => this.isShown && this.#arrange(true)).observe(this.box);
  }

  // -- showing -----------------------------------------------------------------------------------

  show() {
    this.isShown = true;
    this.#arrange();
    this.canvas.focus({ preventScroll: true });
  }

  close() {
    this.isShown = false;
    hideTip();
  }

  /** Lays it out for the order and the room there is. */
  #arrange(isKept = false) {
    const by = byId("order").value;
    if (!this.orders.has(by)) this.orders.set(by, new NodeOrder(this.step, by));
    const isNew = !isKept || !this.across;
    this.order = this.orders.get(by);
    const { clientWidth, clientHeight } = this.box;
    this.left = clientWidth < 560 ? 70 : 150;
    this.top = 22;
    const axis = (before, room) => {
      const made = new Axis(this.step.n, Math.max(40, room), DOT);
      if (!isNew) [made.zoom, made.first] = [before.zoom, before.first];
      made.keep();
      return made;
    };
    this.across = axis(this.across, clientWidth - this.left - 6);
    this.down = axis(this.down, clientHeight - this.top - 4);
    const dense = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(clientWidth * dense);
    this.canvas.height = Math.round(clientHeight * dense);
    this.dense = dense;
    this.#look();
  }

  zoom(by, x, y) {
    const most = Math.max(1, PITCH / (this.down.room / this.down.n));
    const to = Math.min(most, Math.max(1, this.down.zoom * by));
    this.across.zoomTo(to, x === undefined ? undefined : x - this.left);
    this.down.zoomTo(to, y === undefined ? undefined : y - this.top);
    this.#look();
  }

  /** A scalar comes into sight, as large as can be. */
  goTo(node) {
    this.zoom(Infinity);
    this.#reveal(node);
  }

  #reveal(node) {
    const rank = this.order.rankOf[node];
    this.down.show(rank);
    const first = this.step.start[node];
    const isLeaf = this.step.isLeaf(node);
    this.across.show(isLeaf ? rank : this.order.rankOf[this.step.operand[first]]);
    this.#look();
  }

  /** What lies in each dot; then it is drawn. */
  #look() {
    this.seen = strongestEdges(this.step, this.order, this.across, this.down);
    this.refresh();
  }

  refresh() {
    if (!this.isShown || this.isAsked) return;
    this.isAsked = true;
    requestAnimationFrame(() => {
      this.isAsked = false;
      this.draw();
    });
  }

  draw() {
    drawAllScalars(this);
  }

  // -- pointing and choosing ---------------------------------------------------------------------

  /** The strongest edge at a place, or just beside it; -1 if there is none. */
  edgeAt(x, y) {
    const { columns, rows, edges, counts } = this.seen;
    const [wide, high] = [this.across.dots(), this.down.dots()];
    const column = Math.floor((x - this.left - wide.from) / wide.size);
    const row = Math.floor((y - this.top - high.from) / high.size);
    const near = wide.size > 6 ? 0 : NEAR;
    for (let far = 0; far <= near; far += 1) {
      let best = -1;
      for (let r = Math.max(0, row - far); r <= Math.min(rows - 1, row + far); r += 1) {
        for (let c = Math.max(0, column - far); c <= Math.min(columns - 1, column + far); c += 1) {
          const dot = r * columns + c;
          if (edges[dot] >= 0 && (best < 0 || this.#size(edges[dot]) > this.#size(edges[best]))) best = dot;
        }
      }
      if (best >= 0) return { edge: edges[best], count: counts[best] };
    }
    return { edge: -1, count: 0 };
  }

  #size(edge) {
    return Math.abs(this.step.arrays.contribution[edge]);
  }

  #told({ edge, count }) {
    const { step } = this;
    const [node, operand] = [step.consumer[edge], step.operand[edge]];
    const lines = [
      `${step.name(node)} (${step.op(node).name})`,
      `#${node} = ${exact(step.arrays.data[node])}`,
      `is made of ${step.name(operand)}`,
      `#${operand} = ${exact(step.arrays.data[operand])}`,
      `local gradient ${exact(step.arrays.local[edge])}`,
    ];
    if (step.hasPass) lines.push(`gradient it brings ${exact(step.arrays.contribution[edge])}`);
    if (count > 1) lines.push(`the strongest of ${counted(count)} edges in this dot`);
    return lines;
  }

  #listen() {
    const { canvas } = this;
    const fingers = new Map();
    let moved = 0;
    const spread = () => {
      const [a, b] = [...fingers.values()];
      return { far: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
    };
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      event.stopPropagation();
      const { offsetX, offsetY } = event;
      if (event.shiftKey) this.#pan(event.deltaY, 0);
      else this.zoom(Math.exp(-Math.sign(event.deltaY) * Math.min(0.35, Math.abs(event.deltaY) / 250)), offsetX, offsetY);
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
      if (fingers.size === 1) moved = 0;
      else moved = Infinity;
    });
    canvas.addEventListener("pointermove", (event) => {
      const at = { x: event.offsetX, y: event.offsetY };
      const before = fingers.get(event.pointerId);
      if (!before) {
        const found = this.edgeAt(at.x, at.y);
        if (found.edge >= 0) tip(this.#told(found), event.clientX, event.clientY);
        else hideTip();
        return;
      }
      if (fingers.size === 2) {
        const { far } = spread();
        fingers.set(event.pointerId, at);
        const now = spread();
        this.zoom(now.far / Math.max(1, far), now.x, now.y);
        return;
      }
      fingers.set(event.pointerId, at);
      moved += Math.abs(at.x - before.x) + Math.abs(at.y - before.y);
      if (moved > 4) this.#pan(before.x - at.x, before.y - at.y);
    });
    const up = (event) => {
      const wasOne = fingers.size === 1;
      if (fingers.delete(event.pointerId) && wasOne && moved <= 4 && event.type === "pointerup") this.#click(event);
    };
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("pointerleave", hideTip);
    canvas.addEventListener("dblclick", (event) => this.zoom(4, event.offsetX, event.offsetY));
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  #pan(x, y) {
    hideTip();
    this.across.first += x / this.across.pitch;
    this.down.first += y / this.down.pitch;
    this.across.keep();
    this.down.keep();
    this.#look();
  }

  #click(event) {
    const { edge } = this.edgeAt(event.offsetX, event.offsetY);
    if (edge >= 0) this.#choose(this.step.consumer[edge]);
  }

  #choose(node) {
    this.actions.select(node);
    this.refresh();
  }

  /** Up and down to the scalar before and after in the order; left to its operand, right back. */
  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { order, step } = this;
    const chosen = this.actions.chosen();
    const beside = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const page = { PageUp: -0.9, PageDown: 0.9 }[event.key];
    let next = -1;
    if (beside) {
      const from = chosen < 0 ? order.rankOf[step.graph.root] : order.rankOf[chosen] + beside;
      next = order.nodeAt[Math.min(Math.max(0, from), step.n - 1)];
    } else if (event.key === "ArrowLeft" && chosen >= 0 && !step.isLeaf(chosen)) {
      next = step.operand[step.start[chosen]];
    } else if (event.key === "ArrowRight" && chosen >= 0) {
      const { start, list } = step.out;
      if (start[chosen] < start[chosen + 1]) next = step.consumer[list[start[chosen]]];
    } else if (event.key === "Enter" && chosen >= 0) {
      this.actions.openAt(chosen);
    } else if (page) {
      this.#pan(0, page * this.down.room);
    } else if (!event.key.startsWith("Arrow")) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (next < 0) return;
    this.#choose(next);
    this.#reveal(next);
  }
}
