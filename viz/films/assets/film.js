"use strict";
// Shows one frame at a time, larger or smaller. Every frame was drawn before; nothing is computed here.
(() => {
  const byId = (id) => document.getElementById(id);
  const about = JSON.parse(byId("about").textContent);
  const stage = byId("stage");
  const STEP = 1.25, SMALLEST = 0.1, LARGEST = 16;
  const UNIT = stage.firstElementChild.getAttribute("width").endsWith("pt") ? 4 / 3 : 1;
  let zoom = 0; // 0: as wide as the window, but no larger than it was drawn
  let at = 0;
  let frames = null; // texts, when they are unpacked
  let timer = 0;

  function natural() {
    return stage.firstElementChild.viewBox.baseVal.width * UNIT;
  }

  function widthAtFit() {
    return Math.min(natural(), stage.clientWidth - 20);
  }

  function resize() {
    const picture = stage.firstElementChild;
    const width = zoom ? natural() * zoom : widthAtFit();
    const box = picture.viewBox.baseVal;
    picture.setAttribute("width", width);
    picture.setAttribute("height", (width * box.height) / box.width);
  }

  function scale(factor) {
    const now = zoom || widthAtFit() / natural();
    zoom = Math.min(LARGEST, Math.max(SMALLEST, now * factor));
    resize();
  }

  function fit() {
    zoom = 0;
    resize();
  }

  function show(frame) {
    if (!frames) return;
    at = Math.min(frames.length - 1, Math.max(0, frame));
    const parsed = new DOMParser().parseFromString(frames[at], "image/svg+xml");
    const { scrollLeft, scrollTop } = stage;
    stage.replaceChildren(document.importNode(parsed.documentElement, true));
    resize();
    stage.scrollTo(scrollLeft, scrollTop);
    byId("slider").value = at;
    byId("slider").setAttribute("aria-valuetext", about.names[at]);
    byId("name").textContent = about.names[at];
    document.body.dataset.frame = at;
  }

  function pause() {
    clearInterval(timer);
    timer = 0;
    byId("play").textContent = "play";
  }

  function play() {
    if (at === frames.length - 1) show(0);
    byId("play").textContent = "pause";
    clearInterval(timer);
    timer = setInterval(() => {
      if (at === frames.length - 1) pause();
      else show(at + 1);
    }, 1000 / Number(byId("speed").value));
  }

  function go(frame) {
    pause();
    show(frame);
  }

  const actions = {
    smaller: () => scale(1 / STEP), larger: () => scale(STEP), fit,
    first: () => go(0), back: () => go(at - 1), next: () => go(at + 1),
    last: () => go(frames.length - 1), play: () => (timer ? pause() : play()),
  };
  const keys = {
    "-": "smaller", "+": "larger", "=": "larger", 0: "fit",
    Home: "first", End: "last", ArrowLeft: "back", ArrowRight: "next", " ": "play",
  };

  async function begin() {
    for (const [id, run] of Object.entries(actions)) byId(id).addEventListener("click", run);
    document.addEventListener("keydown", (event) => {
      const name = keys[event.key];
      const own = event.target.closest("select, input, button");
      if (!name || event.ctrlKey || event.metaKey || event.altKey) return;
      if (own && (own.tagName !== "BUTTON" || event.key === " ")) return;
      if (!frames && !["smaller", "larger", "fit"].includes(name)) return;
      event.preventDefault();
      actions[name]();
    });
    addEventListener("resize", resize);
    resize();
    if (about.names.length > 1) {
      const bytes = Uint8Array.from(atob(byId("frames").textContent), (char) => char.charCodeAt(0));
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
      const packed = JSON.parse(await new Response(stream).text());
      frames = packed.frames.map((numbers) => numbers.map((line) => packed.lines[line]).join("\n"));
      byId("slider").max = frames.length - 1;
      byId("slider").addEventListener("input", (event) => go(Number(event.target.value)));
      byId("speed").addEventListener("change", () => timer && play());
      byId("time").hidden = false;
      show(0);
    }
    document.body.dataset.ready = "yes";
  }

  begin();
})();
