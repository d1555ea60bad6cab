// Making elements. Texts are set as text and never as markup.

function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

function drawn(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function byId(id) {
  return document.getElementById(id);
}

/** A button that does something when it is pressed. */
function button(className, text, action) {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", action);
  return made;
}

function placed(made, x, y, width, height) {
  made.style.left = `${x}px`;
  made.style.top = `${y}px`;
  made.style.width = `${width}px`;
  made.style.height = `${height}px`;
}

// -- colours ---------------------------------------------------------------------------------------

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen) return chosen === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

function channels(color) {
  return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
}

function blend(from, to, part) {
  const mixed = channels(from).map((c, i) => Math.round(c + (channels(to)[i] - c) * part));
  return `#${mixed.map((c) => c.toString(16).padStart(2, "0")).join("")}`;
}

/** The colour of a size between 0 and 1, of a signed one orange or blue: from the background up. */
function sizeColor(size, sign, colors) {
  const { ramp, positive, negative } = colors;
  if (sign) return blend(isDark() ? "#1c212c" : "#ffffff", sign > 0 ? positive : negative, 0.08 + 0.92 * size);
  const shades = isDark() ? ["#232836", ...ramp.slice(1).reverse()] : ramp;
  const at = Math.min(Math.max(size, 0), 1) * (shades.length - 1);
  const place = Math.min(Math.floor(at), shades.length - 2);
  return blend(shades[place], shades[place + 1], at - place);
}

/** Dark or light ink, whichever reads better on a colour. */
function inkOn(color) {
  const [red, green, blue] = channels(color);
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140 ? "#1f2430" : "#ffffff";
}

/** On the logarithmic scale of the Map: 0 to 1, four powers of ten up to the largest. */
function strength(size, largest) {
  if (!Number.isFinite(size)) return 1;
  if (!(size > 0) || !(largest > 0)) return 0;
  return Math.min(1, Math.max(0, 1 + (Math.log10(size) - Math.log10(largest)) / 4));
}

// -- the tooltip -----------------------------------------------------------------------------------

/** Shows lines beside the pointer, or below what has the focus. */
function tip(lines, x, y) {
  const shown = byId("tip");
  shown.replaceChildren(...lines.map((line, i) => element("div", i ? "" : "tip-head", line)));
  shown.hidden = false;
  const { width, height } = shown.getBoundingClientRect();
  shown.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - width - 4))}px`;
  shown.style.top = `${y + 18 + height > innerHeight ? Math.max(4, y - height - 12) : y + 18}px`;
}

function hideTip() {
  byId("tip").hidden = true;
}

/** Gives an element a tooltip; `lines` is asked when it is shown. */
function tipped(made, lines) {
  made.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "touch") tip(lines(), event.clientX, event.clientY);
  });
  made.addEventListener("pointerleave", hideTip);
  return made;
}

/** A number, short, with all its digits in a tooltip. */
function numberText(x, className = "") {
  const made = element("span", `number ${className}`, brief(x));
  made.dataset.exact = exact(x);
  return tipped(made, () => [exact(x)]);
}
