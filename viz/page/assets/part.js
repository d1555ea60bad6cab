// A part of an opened cell.

/** A part of a cell: some of its nodes, and what it opens into. */
class Part {
  constructor(step, cell, [label, spans, parts], prefix) {
    this.step = step;
    this.cell = cell;
    this.label = label || prefix;
    this.spans = spans;
    this.parts = (parts || []).map((inner) => new Part(step, cell, inner, ""));
    this.count = 0;
    for (let i = 0; i < spans.length; i += 2) this.count += spans[i + 1] - spans[i];
  }

  holds(local) {
    for (let i = 0; i < this.spans.length; i += 2) {
      if (this.spans[i] <= local && local < this.spans[i + 1]) return true;
    }
    return false;
  }

  /** Whether nothing in it has operands: parameters, say. */
  get isOfLeaves() {
    return this.nodes().every((node) => this.step.isLeaf(node));
  }

  /** The parts in it that open into no others, itself if it is one. */
  leaves() {
    return this.parts.length ? this.parts.flatMap((inner) => inner.leaves()) : [this];
  }

  /** Its nodes' ids, ascending. */
  nodes() {
    const first = this.step.inCell.start[this.cell];
    const found = [];
    for (let i = 0; i < this.spans.length; i += 2) {
      for (let local = this.spans[i]; local < this.spans[i + 1]; local += 1) {
        found.push(this.step.inCell.list[first + local]);
      }
    }
    return found;
  }

  /** How many of its nodes are visited by the end of an event, and how many are at all. */
  visitedBy(event) {
    this.events ||= this.nodes().map((node) => this.step.eventOf[node]).filter((at) => at > 0).sort((a, b) => a - b);
    return [lastAtMost(this.events, event) + 1, this.events.length];
  }
}
