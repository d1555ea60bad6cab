// What is said beside the picture: the event at hand, a cell, a node and why its gradient is what it is.

const MOST_ROWS = 12;

class Told {
  constructor(step, walk, actions) {
    this.step = step;
    this.walk = walk;
    this.actions = actions; // goTo(node), open(cell), walkTo(event)
    this.node = -1;
    this.cell = -1;
  }

  #link(node, isShort = false) {
    const made = button("link", isShort ? this.step.shortName(node) : this.step.name(node), () => this.actions.goTo(node));
    return tipped(made, () => [this.step.name(node), `#${node}`, `value ${exact(this.step.arrays.data[node])}`]);
  }

  // -- the event ---------------------------------------------------------------------------------

  /** The event at hand, each addition written out. */
  event() {
    const { step, walk } = this;
    if (!step.hasPass) return;
    const { event } = walk;
    const box = byId("event");
    const node = step.visited(event);
    const head = element("p", "visits");
    if (event === 0) head.append("sets the gradient of ", this.#link(node), " to 1");
    else head.append("visits ", this.#link(node), ` (${step.op(node).name}), adjoint `, numberText(step.adjointAt(event)));
    const lines = step.writesOf(event).map((write) => this.#addition(write, event));
    if (!lines.length && event) lines.push(element("p", "muted", "it gives nothing on"));
    box.replaceChildren(head, ...lines);
  }

  #addition(write, event) {
    const { step } = this;
    const { node, edge, sum } = step.writes;
    const line = element("p", "addition");
    const kind = step.arrays["write.kind"] ? step.graph.kinds[step.arrays["write.kind"][write]] : "added";
    line.append("grad of ", this.#link(node[write]), ": ", numberText(step.oldOf(write)));
    if (kind === "added" && edge[write] >= 0) {
      line.append(" + ", numberText(step.arrays.local[edge[write]]), " × ", numberText(step.adjointAt(event)));
    } else {
      line.append(` ${kind}`);
    }
    line.append(" → ", numberText(sum[write], "new"));
    line.dataset.write = String(write);
    const place = step.arrays["write.line"] ? step.arrays["write.line"][write] : -1;
    if (place >= 0) line.append(element("span", "muted", ` line ${step.graph.lines[place][1]}`));
    return line;
  }

  // -- a cell ------------------------------------------------------------------------------------

  showCell(cell) {
    this.cell = cell;
    this.node = -1;
    this.#cellNow();
  }

  #cellNow() {
    const { step } = this;
    const cell = this.cell;
    const parts = [element("h2", "", step.cellName(cell))];
    const scope = step.map.cells.scope[cell];
    const shown = new Map();
    for (const lens of step.map.lenses) {
      const [name, number] = step.shownOf(cell, lens);
      shown.set(name, [number, name === lens.name ? lens.what : "what the Map shows of this cell"]);
    }
    if (step.hasPass && !shown.has("grad")) {
      shown.set("grad", [step.arrays["map.grad"][cell], "L2 norm of the gradient of what leaves the cell"]);
    }
    const rows = Array.from(shown, ([name, [number, what]]) => [name, numberFull(number), what]);
    const count = step.inCell.start[cell + 1] - step.inCell.start[cell];
    rows.push(["scalars", element("span", "", counted(count))]);
    this.backward = element("span", "", this.#howFar(cell));
    if (step.hasPass) rows.push(["backward", this.backward]);
    if (scope) rows.push(["scope", element("span", "path", scope)]);
    parts.push(button("wide", "Open its scalars (Enter)", () => this.actions.open(cell)), listed(rows));
    const strip = step.map.strips.find((each) => each.cell === cell);
    if (strip) parts.push(...this.#reads(strip));
    parts.push(...this.#leaves(cell));
    byId("about-this").replaceChildren(...parts);
  }

  /** The numbers that are used outside of a cell; click one for its why. */
  #leaves(cell) {
    const { step } = this;
    const { start, list } = step.inCell;
    const isUsed = (node) => {
      if (node === step.graph.root) return true;
      for (let i = step.out.start[node]; i < step.out.start[node + 1]; i += 1) {
        if (step.cellOf[step.consumer[step.out.list[i]]] !== cell) return true;
      }
      return false;
    };
    const nodes = Array.from(list.subarray(start[cell], start[cell + 1])).filter(isUsed);
    const size = (node) => Math.abs(step.arrays.grad[node]);
    nodes.sort((a, b) => size(b) - size(a));
    const rows = nodes.slice(0, MOST_ROWS).map((node) => {
      const row = element("div", "share");
      row.append(this.#bar(step.arrays.grad[node], size(nodes[0])), this.#link(node, true), numberText(step.arrays.grad[node]));
      return row;
    });
    const more = nodes.length > MOST_ROWS ? [element("p", "muted", `and ${counted(nodes.length - MOST_ROWS)} more`)] : [];
    return [element("h3", "", "What leaves it, by final gradient"), ...rows, ...more];
  }

  #howFar(cell) {
    if (!this.step.hasPass) return "";
    const [done, all] = this.step.doneIn(cell, this.walk.event);
    return `${counted(done)} of ${counted(all)} visited; ${TOLD[this.step.progress(cell, this.walk.event)]}`;
  }

  #reads(strip) {
    const { step } = this;
    const weights = strip.nodes.map((node, place) => [step.arrays.data[node], strip.sources[place], node]);
    weights.sort((a, b) => b[0] - a[0]);
    const rows = weights.slice(0, MOST_ROWS).map(([weight, source, node]) => {
      const row = element("div", "share");
      row.append(this.#bar(weight, 1), button("link", `${source} ${step.map.columns[source].token}`, () => this.actions.goTo(node)), numberText(weight));
      return row;
    });
    return [element("h3", "", "Reads of"), ...rows];
  }

  // -- a node ------------------------------------------------------------------------------------

  showNode(node) {
    this.node = node;
    this.cell = -1;
    const { step } = this;
    const op = step.op(node);
    const parts = [element("h2", "", step.name(node))];
    const where = element("p", "muted");
    where.append(`#${node} · ${op.name}${step.shared(node)} · in `);
    where.append(button("link", step.cellLabel(step.cellOf[node]), () => this.actions.open(step.cellOf[node])));
    parts.push(where);
    const rows = [["value", numberFull(step.arrays.data[node])]];
    this.now = numberFull(step.gradAt(node, this.walk.event));
    this.now.id = "grad-now";
    if (step.hasPass) rows.push(["gradient now", this.now]);
    rows.push(["gradient", numberFull(step.arrays.grad[node])]);
    const event = step.hasPass ? step.eventOf[node] : -1;
    if (event > 0) rows.push(["visited", button("link", `at event ${counted(event)}`, () => this.actions.walkTo(event))]);
    const line = step.arrays.line ? step.arrays.line[node] : -1;
    if (line >= 0) rows.push(["line", element("span", "path", step.graph.lines[line].join(":"))]);
    parts.push(listed(rows));
    if (!step.isLeaf(node)) parts.push(...this.#madeOf(node));
    if (step.hasPass) parts.push(...this.#why(node));
    byId("about-this").replaceChildren(...parts);
  }

  #madeOf(node) {
    const { step } = this;
    const rows = [];
    for (let edge = step.start[node]; edge < step.start[node + 1]; edge += 1) {
      const row = element("p", "operand");
      row.append(this.#link(step.operand[edge]), " = ", numberText(step.arrays.data[step.operand[edge]]), ", local gradient ", numberText(step.arrays.local[edge]));
      rows.push(row);
    }
    return [element("h3", "", `Made by ${step.op(node).name} (${step.glyph(node)}) of`), ...rows];
  }

  /** Why its gradient is what it is: what each consumer gave, and by position and head. */
  #why(node) {
    const { step } = this;
    const why = element("section", "why");
    why.id = "why";
    why.append(element("h3", "", "Why this gradient"));
    const start = step.initial(node);
    if (start) {
      const row = element("p", "addition", node === step.graph.root ? "the pass begins here with " : "before the pass it was ");
      row.append(numberText(start));
      why.append(row);
    }
    const writes = step.writesTo(node);
    const largest = writes.reduce((most, write) => Math.max(most, Math.abs(step.writes.share[write]) || 0), 0);
    writes.slice(0, MOST_ROWS).forEach((write) => why.append(this.#given(write, largest)));
    if (writes.length > MOST_ROWS) {
      const rest = element("details");
      rest.append(element("summary", "", `${counted(writes.length - MOST_ROWS)} more`));
      rest.addEventListener("toggle", () => {
        if (rest.open && rest.children.length === 1) rest.append(...writes.slice(MOST_ROWS, 400).map((write) => this.#given(write, largest)));
      });
      why.append(rest);
    }
    if (!writes.length && !start) why.append(element("p", "muted", "no consumer of it was visited"));
    step.graph.divisions.forEach(({ title, names }, way) => {
      const shares = step.arrays[`division.${way}`];
      const rows = names.map((name, group) => [shares[group * step.n + node], name]).filter(([share]) => share !== 0);
      if (rows.length === 0 || node === step.graph.root) return;
      rows.sort((a, b) => Math.abs(b[0]) - Math.abs(a[0]));
      const largest = Math.abs(rows[0][0]);
      why.append(element("h4", "", title));
      why.append(...rows.map(([share, name]) => {
        const row = element("div", "share");
        row.append(this.#bar(share, largest), element("span", "", name), numberText(share));
        return row;
      }));
    });
    return [why];
  }

  #given(write, largest) {
    const { step } = this;
    const { edge, event, share, sum } = step.writes;
    const row = element("div", "given");
    row.dataset.write = String(write);
    const from = edge[write] >= 0 ? step.consumer[edge[write]] : -1;
    const part = step.arrays["write.new"] && Number.isNaN(share[write]) ? sum[write] : share[write];
    const line = element("p", "share");
    line.append(this.#bar(part, largest || Math.abs(part)), from >= 0 ? this.#link(from) : element("span", "", "a write along no edge"), numberText(part));
    const sums = element("p", "muted");
    if (from >= 0) sums.append(numberText(step.arrays.local[edge[write]]), " × ", numberText(step.adjointAt(event[write])), "; sum ", numberText(sum[write]), " ");
    sums.append(button("link", `event ${counted(event[write])}`, () => this.actions.walkTo(event[write])));
    row.append(line, sums);
    return row;
  }

  /** A bar as long as a number is large; below 0 another colour and a minus sign. */
  #bar(number, largest) {
    const bar = element("span", "share-bar");
    const fill = element("span", number < 0 ? "minus" : "plus");
    const part = largest > 0 ? Math.min(1, Math.abs(number) / largest) : 0;
    fill.style.width = `${100 * part}%`;
    bar.append(fill);
    return bar;
  }

  /** What changes with the event. */
  refresh() {
    this.event();
    if (this.node >= 0 && this.now) {
      const grad = this.step.gradAt(this.node, this.walk.event);
      this.now.textContent = exact(grad);
    } else if (this.cell >= 0) {
      this.backward.textContent = this.#howFar(this.cell);
    }
  }
}

function numberFull(x) {
  return element("span", "number", exact(x));
}

/** Names and what they are, as a list. */
function listed(rows) {
  const list = element("dl");
  for (const [name, shown, what] of rows) {
    const term = element("dt", "", name);
    const given = element("dd");
    given.append(shown);
    if (what) tipped(term, () => [what]);
    list.append(term, given);
  }
  return list;
}
