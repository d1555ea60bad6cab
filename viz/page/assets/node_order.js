// The order in which all scalars stand in a row, and which of their edges fall into a dot.

/** All scalars in an order, with the runs of neighbours that belong together. */
class NodeOrder {
  constructor(step, by) {
    this.step = step;
    const { row, column, parameters } = step.map.cells;
    const cells = row.map((_, cell) => cell);
    if (by === "creation") {
      this.nodeAt = Int32Array.from({ length: step.n }, (_, node) => node);
    } else {
      // Parameters first, then row by row, from left to right.
      const key = (cell) => [parameters[cell] ? 0 : 1, row[cell], column[cell]];
      const before = (a, b) => a.map((part, i) => part - b[i]).find((part) => part) || 0;
      cells.sort((a, b) => before(key(a), key(b)) || a - b);
      const { start, list } = step.inCell;
      this.nodeAt = Int32Array.from(cells.flatMap((cell) => [...list.subarray(start[cell], start[cell + 1])]));
    }
    this.rankOf = new Int32Array(step.n);
    this.nodeAt.forEach((node, rank) => { this.rankOf[node] = rank; });
    const bandOf = (cell) => {
      if (parameters[cell]) return "parameters";
      if (by !== "creation") return step.rowName(row[cell]);
      return column[cell] < 0 ? "all" : `${column[cell]} ${step.map.columns[column[cell]].token}`;
    };
    this.bands = this.#runs(bandOf);
    this.parts = this.#runs((cell) => step.cellLabel(cell));
  }

  /** Neighbours of one name: [name, first rank, one past the last]. */
  #runs(nameOf) {
    const names = this.step.map.cells.row.map((_, cell) => nameOf(cell));
    const runs = [];
    this.nodeAt.forEach((node, rank) => {
      const name = names[this.step.cellOf[node]];
      if (runs.length && runs.at(-1).name === name) runs.at(-1).stop = rank + 1;
      else runs.push({ name, start: rank, stop: rank + 1 });
    });
    return runs;
  }
}

/** One way across: which ranks are in sight, and in which dot each of them lies. */
class Axis {
  constructor(n, room, least) {
    this.n = n;
    this.room = room;
    this.least = least; // a dot is no smaller, in pixels
    this.zoom = 1;
    this.first = 0; // rank at the beginning, with a fraction
  }

  /** Pixels from one rank to the next. */
  get pitch() {
    return (this.room / this.n) * this.zoom;
  }

  get seen() {
    return Math.min(this.n, this.room / this.pitch);
  }

  /** Larger or smaller about a pixel, which stays where it is. */
  zoomTo(zoom, about = this.room / 2) {
    const rank = this.rankAt(about);
    this.zoom = zoom;
    this.first = rank - about / this.pitch;
    this.keep();
  }

  /** A rank comes into sight, in the middle if it was not. */
  show(rank) {
    if (rank < this.first || rank + 1 > this.first + this.seen) this.first = rank + 0.5 - this.seen / 2;
    this.keep();
  }

  keep() {
    this.first = Math.min(Math.max(0, this.first), this.n - this.seen);
  }

  rankAt(pixel) {
    return this.first + pixel / this.pitch;
  }

  at(rank) {
    return (rank - this.first) * this.pitch;
  }

  /** How dots lie: the first one's rank or pixel, how long each is, and how many there are. */
  dots() {
    if (this.pitch < this.least) return { size: this.least, from: 0, count: Math.ceil(this.room / this.least) };
    const first = Math.floor(this.first);
    const count = Math.min(this.n, Math.ceil(this.first + this.seen)) - first;
    return { size: this.pitch, from: this.at(first), count };
  }

  /** The dot of a rank, outside of 0 to their count if it is not in sight. */
  dotOf(rank) {
    if (this.pitch < this.least) return Math.floor(this.at(rank + 0.5) / this.least);
    return rank - Math.floor(this.first);
  }
}

/** The strongest edge in each dot, -1 where there is none, and how many there are. */
function strongestEdges(step, order, across, down) {
  const columns = across.dots().count;
  const rows = down.dots().count;
  const edges = new Int32Array(columns * rows).fill(-1);
  const counts = new Int32Array(columns * rows);
  const { contribution } = step.arrays;
  const last = Math.min(order.nodeAt.length, Math.ceil(down.first + down.seen) + 1);
  for (let rank = Math.floor(down.first); rank < last; rank += 1) {
    const row = down.dotOf(rank);
    if (row < 0 || row >= rows) continue;
    const node = order.nodeAt[rank];
    for (let edge = step.start[node]; edge < step.start[node + 1]; edge += 1) {
      const column = across.dotOf(order.rankOf[step.operand[edge]]);
      if (column < 0 || column >= columns) continue;
      const dot = row * columns + column;
      counts[dot] += 1;
      if (edges[dot] < 0 || Math.abs(contribution[edge]) > Math.abs(contribution[edges[dot]])) edges[dot] = edge;
    }
  }
  return { columns, rows, edges, counts };
}
