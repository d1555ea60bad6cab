// The picture of all scalars: dots, bands, names, and what is chosen and visited.

const SHADES = 48;
const FAINTEST = 0.25; // of the ramp, whose first shade is the paper's
const APART = 6; // pixels of a dot, from which on two beside each other are told apart

function drawAllScalars(view) {
  const context = view.canvas.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  const colors = Object.fromEntries(["ink", "line", "lit", "accent"].map(
    (name) => [name, style.getPropertyValue(`--${name}`).trim()],
  ));
  context.setTransform(view.dense, 0, 0, view.dense, 0, 0);
  context.clearRect(0, 0, view.canvas.width, view.canvas.height);
  drawDots(context, view, colors);
  drawBandLines(context, view, colors);
  drawMarks(context, view, colors);
  drawNames(context, view, colors);
}

/** A pixel's bytes, as the picture's buffer has them. */
function pixel(color) {
  const [red, green, blue] = channels(color);
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** A dot has the colour of its strongest edge, and none yet where the pass is still to come by. */
function drawDots(context, view, colors) {
  const { across, down, step, left, top } = view;
  const { columns, rows, edges } = view.seen;
  const picture = new ImageData(columns, rows);
  const pixels = new Uint32Array(picture.data.buffer);
  const shades = Array.from({ length: SHADES + 1 }, (_, shade) => pixel(
    sizeColor(FAINTEST + ((1 - FAINTEST) * shade) / SHADES, 0, step.about.colors),
  ));
  const waiting = pixel(colors.line);
  edges.forEach((edge, dot) => {
    if (edge < 0) return;
    const event = step.hasPass ? step.eventOf[step.consumer[edge]] : 0;
    const size = strength(Math.abs(step.arrays.contribution[edge]), view.largest);
    const isDone = event >= 0 && event <= view.walk.event;
    pixels[dot] = isDone ? shades[Math.round(SHADES * size)] : waiting;
  });
  const small = element("canvas");
  [small.width, small.height] = [columns, rows];
  small.getContext("2d").putImageData(picture, 0, 0);
  const [wide, high] = [across.dots(), down.dots()];
  const [x, y] = [left + wide.from, top + high.from];
  context.save();
  context.beginPath();
  context.rect(left, top, across.room, down.room);
  context.clip();
  context.imageSmoothingEnabled = false;
  context.drawImage(small, x, y, columns * wide.size, rows * high.size);
  if (Math.min(wide.size, high.size) > APART) {
    for (let column = 0; column <= columns; column += 1) context.clearRect(x + column * wide.size - 0.5, y, 1, rows * high.size);
    for (let row = 0; row <= rows; row += 1) context.clearRect(x, y + row * high.size - 0.5, columns * wide.size, 1);
  }
  context.restore();
}

/** A line across or down at a rank, as wide as a scalar is or as said. */
function drawLine(context, view, rank, isAcross, width) {
  const { left, top, across, down } = view;
  const axis = isAcross ? across : down;
  const from = Math.max(0, axis.at(rank));
  const to = Math.min(axis.room, axis.at(rank) + width);
  if (to <= from) return;
  if (isAcross) context.fillRect(left + from, top, to - from, down.room);
  else context.fillRect(left, top + from, across.room, to - from);
}

function drawBandLines(context, view, colors) {
  const { left, top, across, down } = view;
  context.strokeStyle = colors.line;
  context.strokeRect(left - 0.5, top - 0.5, across.room + 1, down.room + 1);
  context.fillStyle = colors.line;
  context.globalAlpha = 0.6;
  for (const { start } of view.order.bands.slice(1)) {
    drawLine(context, view, start, false, 1);
    drawLine(context, view, start, true, 1);
  }
  context.globalAlpha = 1;
}

/** The row and the column of the chosen scalar, and of the one that is visited. */
function drawMarks(context, view, colors) {
  const { step, walk } = view;
  const marks = [[view.actions.chosen(), colors.accent]];
  if (step.hasPass && walk.event < walk.last) marks.push([step.visited(walk.event), colors.lit]);
  context.globalAlpha = 0.35;
  for (const [node, color] of marks) {
    if (node < 0) continue;
    context.fillStyle = color;
    for (const isAcross of [false, true]) {
      const { pitch } = isAcross ? view.across : view.down;
      drawLine(context, view, view.order.rankOf[node], isAcross, Math.max(1.5, pitch));
    }
  }
  context.globalAlpha = 1;
}

function drawNames(context, view, colors) {
  const { left, top, across, down } = view;
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.fillStyle = colors.ink;
  const fitted = (text, room) => {
    if (context.measureText(text).width <= room) return text;
    let cut = text;
    while (cut && context.measureText(`${cut}…`).width > room) cut = cut.slice(0, -1);
    return cut && `${cut}…`;
  };
  context.textAlign = "center";
  for (const { name, start, stop } of view.order.bands) {
    const [from, to] = [Math.max(0, across.at(start)), Math.min(across.room, across.at(stop))];
    if (to - from > 22) context.fillText(fitted(name, to - from - 4), left + (from + to) / 2, top / 2);
  }
  context.textAlign = "right";
  const least = down.pitch < 13 ? 4 : 9;
  let last = -Infinity;
  for (const { name, start, stop } of namesBeside(view)) {
    const [from, to] = [Math.max(0, down.at(start)), Math.min(down.room, down.at(stop))];
    const middle = (from + to) / 2;
    if (to - from < least || middle - last < 13) continue;
    last = middle;
    context.fillText(fitted(name, left - 8), left - 6, top + middle);
  }
}

/** As deep as there is room for: scalars, else cells from a zoom on, else bands. */
function namesBeside({ step, order, down }) {
  if (down.pitch < 13) return down.zoom > 4 ? order.parts : order.bands;
  const first = Math.floor(down.first);
  const count = Math.ceil(Math.min(down.n - first, down.seen + 1));
  return Array.from({ length: count }, (_, i) => (
    { name: step.shortName(order.nodeAt[first + i]), start: first + i, stop: first + i + 1 }
  ));
}
