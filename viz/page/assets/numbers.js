// Numbers as texts. All of them come from the arrays; nothing here is computed of them.

/** A double's shortest digits that tell it from all others, as Python writes them. */
function exact(x) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  if (x === 0) return Object.is(x, -0) ? "-0.0" : "0.0";
  const [digits, power] = x.toExponential().split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${digits}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  const text = String(x);
  return text.includes(".") ? text : `${text}.0`;
}

/** The same in four digits. */
function brief(x) {
  if (!Number.isFinite(x) || x === 0) return x === 0 ? "0" : exact(x);
  const [digits, power] = x.toExponential(3).split("e");
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return String(Number(x.toPrecision(4))).replace("-", "−");
  const short = `${Number(digits)}e${exponent}`;
  return short.replace(/^-/, "−");
}

/** A whole number with its thousands apart. */
function counted(n) {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** The last place in ascending numbers, between two, whose number is at most `x`; -1 if none is. */
function lastAtMost(numbers, x, from = 0, to = numbers.length) {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] <= x) low = middle + 1;
    else high = middle;
  }
  return low - 1 >= from ? low - 1 : -1;
}
