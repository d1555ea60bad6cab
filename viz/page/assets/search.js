// Finding scalars and cells by name, place, op or #id.

const MOST_FOUND = 40;

class Search {
  constructor(step, actions) {
    this.step = step;
    this.actions = actions; // goTo(node), cell(cell)
    this.field = byId("search");
    this.list = byId("found");
    this.field.addEventListener("input", () => this.#look());
    this.field.addEventListener("keydown", (event) => this.#key(event));
    this.field.addEventListener("blur", () => setTimeout(() => this.#hide(), 150));
  }

  /** What each node can be found by, made when first asked for. */
  get texts() {
    const { step } = this;
    this.known ||= Array.from({ length: step.n }, (_, node) => {
      const scope = step.graph.scopes[step.arrays.scope[node]];
      return `${step.name(node)} ${scope} ${step.op(node).name} #${node}`.toLowerCase();
    });
    return this.known;
  }

  #look() {
    const words = this.field.value.toLowerCase().trim().split(/\s+/).filter(Boolean);
    if (!words.length) {
      this.#hide();
      return;
    }
    const has = (text) => words.every((word) => text.includes(word));
    const found = [];
    for (let cell = 0; cell < this.step.nCells && found.length < 8; cell += 1) {
      const name = this.step.cellName(cell);
      if (has(name.toLowerCase())) found.push({ text: `▦ ${name}`, go: () => this.actions.cell(cell) });
    }
    let count = 0;
    const exactly = /^#(\d+)$/.exec(words[0]);
    const nodes = [];
    this.texts.forEach((text, node) => {
      const isIt = exactly ? node === Number(exactly[1]) : has(text);
      if (!isIt) return;
      count += 1;
      if (nodes.length < MOST_FOUND) nodes.push(node);
    });
    for (const node of nodes) found.push({ text: this.step.name(node), note: `#${node} ${brief(this.step.arrays.data[node])}`, go: () => this.actions.goTo(node) });
    this.#show(found, count);
  }

  #show(found, count) {
    this.found = found;
    this.at = found.length ? 0 : -1;
    const rows = found.map(({ text, note, go }, place) => {
      const row = element("li", place ? "" : "at", text);
      row.setAttribute("role", "option");
      row.id = `found-${place}`;
      if (note) row.append(element("span", "muted", ` ${note}`));
      row.addEventListener("pointerdown", () => {
        this.#hide();
        go();
      });
      return row;
    });
    const told = count ? `${counted(count)} scalar${count === 1 ? "" : "s"}${count > MOST_FOUND ? `, the first ${MOST_FOUND} are shown` : ""}` : found.length ? "" : "nothing is called so";
    if (told) {
      const last = element("li", "muted", told);
      last.setAttribute("role", "presentation");
      rows.push(last);
    }
    this.list.replaceChildren(...rows);
    this.list.hidden = false;
    this.field.setAttribute("aria-expanded", "true");
  }

  #key(event) {
    if (event.key === "Escape") {
      this.#hide();
      this.field.blur();
    } else if (event.key === "Enter" && this.at >= 0 && !this.list.hidden) {
      const { go } = this.found[this.at];
      this.#hide();
      this.field.blur();
      go();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const n = this.found ? this.found.length : 0;
      if (n) {
        this.at = (this.at + (event.key === "ArrowDown" ? 1 : n - 1)) % n;
        [...this.list.children].forEach((row, place) => row.classList.toggle("at", place === this.at));
        this.field.setAttribute("aria-activedescendant", `found-${this.at}`);
        this.list.children[this.at].scrollIntoView({ block: "nearest" });
      }
    } else {
      return;
    }
    event.stopPropagation();
    event.preventDefault();
  }

  #hide() {
    this.list.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
  }
}
