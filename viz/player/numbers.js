// Numbers as people read and write them. Python writes them the same way, digit by digit, so that the page,
// the prompt and the notebook agree; tests compare them.

/** Six significant digits: 6, 0.3, 1e-07, nan. */
function number(x) {
  return general(x, 6);
}

/** So many significant digits, as Python's format(x, ".6g") has them; -0 is 0. */
function general(x, digits) {
  if (x === 0) return "0";
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  const [mantissa, power] = rounded(Math.abs(x), digits).split("e");
  const exponent = Number(power);
  let figures = mantissa.replace(".", "");
  let text;
  if (exponent < -4 || exponent >= digits) {
    figures = figures.replace(/0+$/, "");
    const size = String(Math.abs(exponent)).padStart(2, "0");
    text = figures[0] + (figures.length > 1 ? "." + figures.slice(1) : "") + "e" + (exponent < 0 ? "-" : "+") + size;
  } else if (exponent < 0) {
    text = "0." + "0".repeat(-exponent - 1) + figures.replace(/0+$/, "");
  } else {
    const behind = figures.slice(exponent + 1).replace(/0+$/, "");
    text = figures.slice(0, exponent + 1) + (behind && "." + behind);
  }
  return x < 0 ? "-" + text : text;
}

/** In scientific form; a number halfway between two goes to the even one, as in Python. */
function rounded(x, digits) {
  const usual = x.toExponential(digits - 1);
  if (Number(x.toPrecision(digits + 1)) !== x) return usual;
  const [mantissa, exponent] = x.toExponential(Math.min(100, digits + 60)).split("e");
  const figures = mantissa.replace(".", "");
  const isHalfway = /^50*$/.test(figures.slice(digits));
  if (!isHalfway || Number(figures[digits - 1]) % 2 === 1) return usual;
  return figures[0] + "." + figures.slice(1, digits) + "e" + exponent;
}

// How tightly a written form binds, as in Python: what is below what a place needs stands in parentheses.
const ADD = 1, MUL = 2, NEG = 3, ATOM = 5;

/** A rounded number as a piece of a formula: a negative one binds like a minus sign. */
function numberTerm(x) {
  return { text: number(x), binds: x < 0 ? NEG : ATOM };
}

/** All digits of a number, for messages. */
function fullNumber(x) {
  return Object.is(x, -0) ? "-0" : general(x, 17);
}

function fullNumberTerm(x) {
  const text = fullNumber(x);
  return { text, binds: text.startsWith("-") ? NEG : ATOM };
}

/** A rounded number in LaTeX. */
function latexNumber(x) {
  const [mantissa, exponent] = number(x).split("e");
  if (exponent !== undefined) return { text: `${mantissa} \\cdot 10^{${Number(exponent)}}`, binds: MUL };
  const text = mantissa.replace("inf", "\\infty").replace("nan", "\\text{NaN}");
  return { text, binds: x < 0 ? NEG : ATOM };
}

/** The next double above or below. */
function nextDouble(x, up) {
  if (!Number.isFinite(x) || Number.isNaN(x)) return x;
  if (x === 0) return up ? Number.MIN_VALUE : -Number.MIN_VALUE;
  const cell = new DataView(new ArrayBuffer(8));
  cell.setFloat64(0, x);
  cell.setBigInt64(0, cell.getBigInt64(0) + (up === x > 0 ? 1n : -1n));
  return cell.getFloat64(0);
}
