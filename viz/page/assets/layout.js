// Graphviz, in a thread of its own: where boxes and curves go, by their sizes alone. No text of a
// program reaches it.

const IN_THREAD = `
let engine = null;
onmessage = async ({ data: { number, dot } }) => {
  try {
    engine ||= await Viz.instance();
    postMessage({ number, plain: engine.renderString(dot, { format: "plain" }) });
  } catch (error) {
    postMessage({ number, error: String(error) });
  }
};
Viz.instance().then((made) => { engine ||= made; });
`;

class Layout {
  constructor() {
    this.worker = null;
    this.waiting = new Map();
    this.known = new Map();
    this.next = 0;
  }

  /** Starts the engine, once. */
  start() {
    this.starting ||= unpacked("engine").then((bytes) => {
      const source = new Blob([bytes, IN_THREAD], { type: "text/javascript" });
      this.worker = new Worker(URL.createObjectURL(source));
      this.worker.onmessage = ({ data: { number, plain, error } }) => {
        const { resolve, reject } = this.waiting.get(number);
        this.waiting.delete(number);
        if (error) reject(new Error(error));
        else resolve(plain);
      };
      this.worker.onerror = (event) => {
        event.preventDefault();
        for (const { reject } of this.waiting.values()) reject(new Error("the layout engine does not run here"));
        this.waiting.clear();
      };
    });
    return this.starting;
  }

  /**
   * Places boxes. Sizes and results are in pixels, y down.
   * Returns { width, height, boxes: [[x, y]], curves: [[[x, y], ...]] } with the boxes' middles.
   */
  async place(sizes, edges, isWide) {
    const inches = (pixels) => (pixels / 72).toFixed(3);
    const lines = [
      `digraph{rankdir=${isWide ? "LR" : "TB"};nodesep=.14;ranksep=${isWide ? ".45" : ".35"}`,
      "node[shape=box,fixedsize=true,label=\"\"];edge[arrowhead=none]",
      ...sizes.map(([width, height], i) => `b${i}[width=${inches(width)},height=${inches(height)}]`),
      ...edges.map(([from, to]) => `b${from}->b${to}`),
      "}",
    ];
    const dot = lines.join("\n");
    if (!this.known.has(dot)) {
      await this.start();
      const plain = await new Promise((resolve, reject) => {
        const number = this.next++;
        this.waiting.set(number, { resolve, reject });
        this.worker.postMessage({ number, dot });
      });
      this.known.set(dot, this.#read(plain, sizes.length));
    }
    return this.known.get(dot);
  }

  #read(plain, count) {
    const placedAt = { width: 0, height: 0, boxes: new Array(count), curves: [] };
    const pixels = (text) => Number(text) * 72;
    for (const line of plain.split("\n")) {
      const words = line.split(" ");
      if (words[0] === "graph") {
        [placedAt.width, placedAt.height] = [pixels(words[2]), pixels(words[3])];
      } else if (words[0] === "node") {
        placedAt.boxes[Number(words[1].slice(1))] = [pixels(words[2]), placedAt.height - pixels(words[3])];
      } else if (words[0] === "edge") {
        const n = Number(words[3]);
        const points = [];
        for (let i = 0; i < n; i += 1) {
          points.push([pixels(words[4 + 2 * i]), placedAt.height - pixels(words[5 + 2 * i])]);
        }
        placedAt.curves.push({ from: Number(words[1].slice(1)), to: Number(words[2].slice(1)), points });
      }
    }
    return placedAt;
  }
}
