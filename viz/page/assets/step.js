// The step's numbers, and what can be asked of them. Everything is looked up: gradients after an
// event are the sums that Python wrote beside each addition.

const KINDS = { f8: Float64Array, i4: Int32Array, u2: Uint16Array, u1: Uint8Array };

// How far a pass is with a cell.
const SIGNS = { not: "·", part: "◔", under: "◑", done: "" };
const TOLD = {
  not: "not begun", part: "partial: some of its gradient is there, more will come",
  under: "under way", done: "complete",
};

/** The bytes of a compressed text in the page. */
async function unpacked(id) {
  const text = document.getElementById(id).textContent;
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** Places of things grouped by a number: those of group g are list[start[g]] to list[start[g+1]]. */
function grouped(groupOf, nGroups) {
  const start = new Int32Array(nGroups + 1);
  for (const group of groupOf) start[group + 1] += 1;
  for (let group = 0; group < nGroups; group += 1) start[group + 1] += start[group];
  const next = start.slice();
  const list = new Int32Array(groupOf.length);
  for (let i = 0; i < groupOf.length; i += 1) list[next[groupOf[i]]++] = i;
  return { start, list };
}

class Step {
  constructor(about, buffer) {
    this.about = about;
    this.graph = about.graph;
    this.map = about.map;
    this.arrays = {};
    for (const [name, [kind, length, at]] of Object.entries(about.arrays)) {
      this.arrays[name] = new KINDS[kind](buffer, at, length);
    }
    const { arity, back } = this.arrays;
    this.n = arity.length;
    this.start = new Int32Array(this.n + 1);
    this.operand = new Int32Array(back.length);
    this.consumer = new Int32Array(back.length);
    for (let node = 0, edge = 0; node < this.n; node += 1) {
      for (let slot = 0; slot < arity[node]; slot += 1, edge += 1) {
        this.consumer[edge] = node;
        this.operand[edge] = node - back[edge];
      }
      this.start[node + 1] = edge;
    }
    this.cellOf = this.arrays.cell;
    this.nCells = this.map.cells.row.length;
    this.inCell = grouped(this.cellOf, this.nCells);
    this.localOf = new Int32Array(this.n);
    for (let cell = 0; cell < this.nCells; cell += 1) {
      const first = this.inCell.start[cell];
      for (let i = first; i < this.inCell.start[cell + 1]; i += 1) {
        this.localOf[this.inCell.list[i]] = i - first;
      }
    }
    this.out = grouped(this.operand, this.n);
    this.nameOf = new Int32Array(this.n).fill(-1);
    this.arrays.named.forEach((node, place) => { this.nameOf[node] = place; });
    this.hasPass = this.graph.whyNoEvents === "";
    this.visits = this.arrays.visits;
    this.nEvents = this.hasPass ? this.visits.length + 1 : 0;
    this.writes = this.hasPass ? this.#writes() : null;
    this.#visitsByCell();
  }

  // -- the pass ----------------------------------------------------------------------------------

  #writes() {
    const { arrays } = this;
    let writes;
    if (arrays["write.node"]) {
      writes = {
        node: arrays["write.node"], edge: arrays["write.edge"], event: arrays["write.event"],
        share: arrays["write.share"], sum: arrays["write.new"],
      };
    } else {
      const edges = [];
      const events = [];
      this.visits.forEach((node, before) => {
        for (let edge = this.start[node]; edge < this.start[node + 1]; edge += 1) {
          edges.push(edge);
          events.push(before + 1);
        }
      });
      writes = {
        edge: Int32Array.from(edges), event: Int32Array.from(events),
        node: Int32Array.from(edges, (edge) => this.operand[edge]),
        share: Float64Array.from(edges, (edge) => arrays.contribution[edge]),
        sum: Float64Array.from(edges, (edge) => arrays.sum[edge]),
      };
    }
    const to = grouped(writes.node, this.n);
    const rank = new Int32Array(writes.node.length);
    to.list.forEach((write, place) => { rank[write] = place; });
    return { ...writes, to, rank, eventsTo: Int32Array.from(to.list, (w) => writes.event[w]) };
  }

  #visitsByCell() {
    const cells = Int32Array.from(this.visits, (node) => this.cellOf[node]);
    this.visitsIn = grouped(cells, this.nCells);
    this.eventOf = new Int32Array(this.n).fill(-1);
    for (let i = this.visits.length - 1; i >= 0; i -= 1) this.eventOf[this.visits[i]] = i + 1;
  }

  /** What a gradient is before anything is added to it. */
  initial(node) {
    if (node === this.graph.root && !this.arrays["write.node"]) return 1;
    return this.arrays.before ? this.arrays.before[node] : 0;
  }

  /** A gradient after an event. */
  gradAt(node, event) {
    if (!this.hasPass || event >= this.nEvents - 1) return this.arrays.grad[node];
    const { to, eventsTo, sum } = this.writes;
    const place = lastAtMost(eventsTo, event, to.start[node], to.start[node + 1]);
    return place < 0 ? this.initial(node) : sum[to.list[place]];
  }

  /** The places of the writes of an event. */
  writesOf(event) {
    const { event: events } = this.writes;
    const last = lastAtMost(events, event);
    const first = lastAtMost(events, event - 1) + 1;
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  }

  /** The places of all writes to a gradient, in order. */
  writesTo(node) {
    const { to } = this.writes;
    return Array.from(to.list.subarray(to.start[node], to.start[node + 1]));
  }

  /** What was there before a write. */
  oldOf(write) {
    if (this.arrays["write.old"]) return this.arrays["write.old"][write];
    const { to, rank, node, sum } = this.writes;
    const place = rank[write];
    return place === to.start[node[write]] ? this.initial(node[write]) : sum[to.list[place - 1]];
  }

  /** The node that an event visits. */
  visited(event) {
    return event > 0 ? this.visits[event - 1] : this.graph.root;
  }

  /** The visited node's gradient as it was then. */
  adjointAt(event) {
    if (event === 0) return 1;
    return this.arrays.adjoint ? this.arrays.adjoint[event - 1] : this.arrays.grad[this.visited(event)];
  }

  /** How many of a cell's nodes are visited by the end of an event, and how many are at all. */
  doneIn(cell, event) {
    const { start, list } = this.visitsIn;
    const place = lastAtMost(list, event - 1, start[cell], start[cell + 1]);
    return [place < 0 ? 0 : place - start[cell] + 1, start[cell + 1] - start[cell]];
  }

  /** How far the pass is with a cell: "not", "part", "under" or "done". */
  progress(cell, event) {
    const { firstWrite, lastWrite, firstEvent, lastEvent } = this.map.cells;
    if (firstEvent[cell] >= 0) {
      if (event >= lastEvent[cell]) return "done";
      if (event >= firstEvent[cell]) return "under";
    } else if (event >= lastWrite[cell]) {
      return "done";
    }
    return firstWrite[cell] >= 0 && firstWrite[cell] <= event ? "part" : "not";
  }

  // -- words -------------------------------------------------------------------------------------

  op(node) {
    return this.graph.ops[this.arrays.op[node]];
  }

  /** The op's sign with its plain number, such as ^2. */
  glyph(node) {
    const plain = this.arrays.immediate[node];
    return this.op(node).glyph + (Number.isNaN(plain) ? "" : brief(plain));
  }

  isLeaf(node) {
    return this.start[node] === this.start[node + 1];
  }

  /** What to call a node: its name, a constant's number, its place, or #id. */
  name(node) {
    const place = this.nameOf[node];
    if (place >= 0) {
      const token = this.graph.tokens[place];
      return token ? `${this.graph.names[place]} ${token}` : this.graph.names[place];
    }
    if (this.op(node).name === "const") return `constant ${brief(this.arrays.data[node])}`;
    return this.place(node) || `#${node}`;
  }

  /** A node's place in words, "" of one that has none. */
  place(node) {
    const phrase = this.arrays.phrase[node];
    if (phrase < 0) return "";
    const scope = this.arrays.scope[node];
    const branch = this.graph.branches[scope];
    const where = this.graph.paths[scope] + this.graph.phrases[phrase];
    return `${where}${branch ? ` at ${branch}` : ""}`;
  }

  /** The same where its scope is known. */
  shortName(node) {
    const phrase = this.arrays.phrase[node];
    if (phrase < 0 || this.op(node).name === "const") return this.name(node);
    const scope = this.graph.paths[this.arrays.scope[node]];
    return scope.slice(scope.lastIndexOf("/") + 1) + this.graph.phrases[phrase];
  }

  /** Who else uses it, in words. */
  shared(node) {
    const phrase = this.arrays.phrase[node];
    return phrase < 0 ? "" : this.graph.shared[phrase];
  }

  rowName(row) {
    const { label, layer } = this.map.rows[row];
    return this.map.layers.length && layer !== null && !label.startsWith("layer ")
      ? `layer ${layer} ${label}` : label;
  }

  /** What a lens shows of a cell, with its name: of a loss or a probability that, under any lens. */
  shownOf(cell, lens) {
    const kind = lens.kinds[cell];
    return [kind === "number" ? lens.name : kind, this.arrays[`lens.${lens.name}`][cell]];
  }

  cellName(cell) {
    const { row, column, parameters } = this.map.cells;
    const shown = this.map.rows[row[cell]];
    if (parameters[cell]) return `parameters ${shown.matrices.join(", ") || this.rowName(row[cell])}`;
    if (column[cell] < 0) return `${this.rowName(row[cell])}, all columns`;
    return `${this.rowName(row[cell])}, ${this.map.columns[column[cell]].name}`;
  }

  /** A cell in a few words, for a path. */
  cellLabel(cell) {
    const { row, column, parameters } = this.map.cells;
    if (parameters[cell]) return this.map.rows[row[cell]].names || "parameters";
    if (column[cell] < 0) return this.rowName(row[cell]);
    return `${this.rowName(row[cell])} · ${column[cell]} ${this.map.columns[column[cell]].token}`;
  }
}
