// Puts the parts together: what is selected, keys, the legend, light and dark.

async function begin() {
  if (typeof DecompressionStream === "undefined") {
    byId("sentence").textContent = "This browser is too old for this page: it cannot decompress data.";
    return;
  }
  const about = JSON.parse(byId("about").textContent);
  const step = new Step(about, await unpacked("arrays"));
  const walk = new Walk(step);
  const layout = new Layout();
  let chosen = -1;

  const actions = {
    chosen: () => chosen,
    select(node) {
      chosen = node;
      told.showNode(node);
      all.refresh();
      const cell = step.cellOf[node];
      if (view.selected !== cell) view.select(cell);
      scalars.refresh();
    },
    cell(cell) {
      show("map");
      view.select(cell, true);
    },
    selectCell(cell) {
      chosen = -1;
      told.showCell(cell);
    },
    open(cell) {
      show("scalars");
      view.select(cell);
      actions.selectCell(cell);
      scalars.open(cell);
    },
    goTo(node) {
      if (all.isShown) {
        actions.select(node);
        all.goTo(node);
      } else {
        actions.openAt(node);
      }
    },
    openAt(node) {
      show("scalars");
      actions.select(node);
      scalars.openAt(node).then(() => {
        const box = scalars.boxOf(node);
        if (box) box.scrollIntoView({ block: "nearest", inline: "nearest" });
      });
    },
    left() {
      const cell = scalars.isOpen ? scalars.cell : view.selected;
      show("map");
      view.select(cell, true);
    },
    walkTo: (event) => walk.go(event),
  };
  const view = new MapView(step, walk, { select: actions.selectCell, open: actions.open });
  const scalars = new Scalars(step, walk, layout, actions);
  const told = new Told(step, walk, actions);
  const search = new Search(step, actions);
  const all = new AllScalars(step, walk, actions);

  /** One of three takes the stage: the "map", a cell's "scalars", or "all" of them. */
  function show(what) {
    if (what !== "scalars") scalars.close();
    for (const id of ["map", "below"]) byId(id).hidden = what !== "map";
    for (const id of ["scalars", "scalar-note", "path"]) byId(id).hidden = what !== "scalars";
    for (const id of ["all-scalars", "all-note"]) byId(id).hidden = what !== "all";
    byId("all").setAttribute("aria-pressed", String(what === "all"));
    if (what === "all") all.show();
    else all.close();
    if (what === "map") view.layOut();
  }
  const turnAll = () => (all.isShown ? actions.left() : show("all"));

  walk.onMove(() => {
    walk.refresh();
    view.refresh();
    scalars.refresh();
    all.refresh();
    told.refresh();
  });

  // -- the top of the page -------------------------------------------------------------------------

  byId("title").textContent = about.title || "Map";
  const lens = byId("lens");
  for (const each of step.map.lenses) {
    const option = element("option", "", each.name);
    option.value = each.name;
    lens.append(option);
  }
  const showLens = () => {
    byId("sentence").textContent = [view.lens.sentence, step.graph.note].filter(Boolean).join(" ");
    legend(view, step);
  };
  lens.addEventListener("change", () => {
    view.setLens(lens.value);
    showLens();
  });
  const zoom = (by) => {
    if (all.isShown) {
      all.zoom(by);
    } else if (scalars.isOpen) {
      scalars.setZoom(by);
    } else {
      view.zoom = Math.min(4, Math.max(0.3, view.zoom * by));
      view.layOut();
    }
  };
  byId("zoom-in").addEventListener("click", () => zoom(1.25));
  byId("zoom-out").addEventListener("click", () => zoom(0.8));
  byId("stage").addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.1 : 1 / 1.1);
  }, { passive: false });
  dragged(byId("map"));
  dragged(byId("scalars"));
  const recolor = () => {
    byId("theme").textContent = isDark() ? "☀ Light" : "☾ Dark";
    view.refresh(true);
    scalars.refresh();
    all.refresh();
    legend(view, step);
    allLegend(all, step);
  };
  const turn = () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    recolor();
  };
  byId("theme").addEventListener("click", turn);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolor);
  byId("all").addEventListener("click", turnAll);
  byId("help").addEventListener("click", () => byId("helping").showModal());

  // -- keys ----------------------------------------------------------------------------------------

  const nextLens = () => {
    lens.selectedIndex = (lens.selectedIndex + 1) % lens.options.length;
    lens.dispatchEvent(new Event("change"));
  };
  const why = () => {
    const { visits } = step;
    if (chosen < 0 && visits.length) actions.select(step.visited(walk.event));
    byId("why")?.scrollIntoView({ block: "nearest" });
  };
  const keys = {
    s: () => walk.move("event", 1), S: () => walk.move("event", -1),
    n: () => walk.move("cell", 1), N: () => walk.move("cell", -1),
    o: () => walk.move("column", 1), O: () => walk.move("column", -1),
    p: () => walk.play(1), P: () => walk.play(-1), "+": () => walk.faster(1), "-": () => walk.faster(-1),
    Home: () => walk.go(0), End: () => walk.go(walk.last),
    v: nextLens, t: turn, a: turnAll, y: why, "/": () => search.field.focus(),
    "]": () => zoom(1.25), "[": () => zoom(0.8),
    f: () => actions.goTo(step.visited(walk.event)),
    Backspace: () => (scalars.isOpen ? scalars.out() || actions.left() : all.isShown && actions.left()),
    Escape: () => (scalars.isOpen || all.isShown) && actions.left(),
    "?": () => byId("helping").showModal(),
  };
  const ofPass = new Set(["s", "S", "n", "N", "o", "O", "p", "P", "+", "-", "Home", "End", "f"]);
  document.addEventListener("keydown", (event) => {
    const isTyped = event.target.matches("input[type=search], select, dialog *");
    if (isTyped || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    if (ofPass.has(event.key) && !step.hasPass) return;
    if (event.target.id === "slider" && (event.key === "Home" || event.key === "End")) return;
    event.preventDefault();
    keys[event.key]();
  });

  // -- and so it begins ----------------------------------------------------------------------------

  walk.build();
  showLens();
  recolor();
  view.layOut();
  const first = step.cellOf[step.graph.root];
  view.select(first);
  view.flows.choose(-1);
  told.showCell(first);
  told.event();
  document.body.dataset.ready = "true";
  (window.requestIdleCallback || setTimeout)(() => layout.start());
  // For tests and for the curious: what the page was made of.
  window.page = { step, walk, view, scalars, all, told, actions, layout };
}

/** What colours and widths mean. */
function legend(view, step) {
  const { lens } = view;
  const parts = [];
  const part = (sign, text) => {
    const made = element("span", "key");
    made.append(sign, element("span", "", text));
    parts.push(made);
  };
  const shades = lens.signed ? [[1, -1], [0.5, -1], [0, 1], [0.5, 1], [1, 1]] : [0, 0.25, 0.5, 0.75, 1].map((size) => [size, 0]);
  part(ramp(shades, step), `cells: ${lens.what}, up to ${lens.largest}, each shade a power of ten`);
  const flows = step.map.flows[lens.name === "value" ? "value" : "grad"];
  const what = lens.name === "value" ? "value" : "gradient";
  if (flows.bands.length) part(element("span", "band-key"), `river: the ${what} that flows there, widest ${flows.widestBand}`);
  if (flows.ribbons.some(Boolean)) part(element("span", "ribbon-key"), `ribbons: ${lens.name === "value" ? "weight × value that a head brings" : "gradient that a head sends back"}, widest ${flows.widestRibbon}; strong are the chosen column's`);
  if (step.map.strips.length) part(element("span", "strip-key"), "heads: a small cell for each column, as dark as the weight it is read with");
  if (step.hasPass) part(element("span", "", "· ◔ ◑"), "not begun, partial, under way");
  byId("legend").replaceChildren(...parts);
}

function ramp(shades, step) {
  const made = element("span", "ramp");
  for (const [size, sign] of shades) {
    const shade = element("span");
    shade.style.background = sizeColor(size, sign, step.about.colors);
    made.append(shade);
  }
  return made;
}

/** What the dots of all scalars mean. */
function allLegend(all, step) {
  const told = `gradient that the strongest edge in a dot brings, up to ${brief(all.largest)}, each shade a power of ten`;
  const shades = [0, 0.25, 0.5, 0.75, 1].map((size) => [FAINTEST + (1 - FAINTEST) * size, 0]);
  const key = element("span", "key");
  key.append(ramp(shades, step), element("span", "", told));
  byId("all-legend").replaceChildren(key, element("span", "", step.hasPass ? "grey: the pass has not come by yet" : ""));
  byId("all-told").textContent = `${counted(step.n)} scalars, down and across, and ${counted(step.operand.length)} edges. A dot is an edge: `
    + "the scalar at its height is made of the one it stands below. The wheel, + and − zoom, dragging moves, a click chooses, Enter opens.";
}

/** Panning by dragging what lies between the cells. */
function dragged(box) {
  let from = null;
  box.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button || event.target.closest("button, .cell")) return;
    from = { x: event.clientX + box.scrollLeft, y: event.clientY + box.scrollTop };
    box.setPointerCapture(event.pointerId);
    box.classList.add("dragging");
  });
  box.addEventListener("pointermove", (event) => {
    if (from) box.scrollTo(from.x - event.clientX, from.y - event.clientY);
  });
  const end = () => {
    from = null;
    box.classList.remove("dragging");
  };
  box.addEventListener("pointerup", end);
  box.addEventListener("pointercancel", end);
}

begin();
