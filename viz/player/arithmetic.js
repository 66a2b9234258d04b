// Numbers as people write them, arithmetic included: 0.5, .5, 1/2, 5e-1, 0,5, 2*(1 + .5), exp(1), −inf.

const SECOND_NAMES = { max: "maximum", min: "minimum", ln: "log", ReLU: "relu", sigma: "sigmoid", "σ": "sigmoid", logistic: "sigmoid" };
const OPERATORS_ONLY = new Set(["add", "sub", "mul", "div", "neg", "pow"]);
const LIKE = { "−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "∞": "inf" };
const MOST_TOKENS = 1000, LONGEST_NUMBER = 1100;

/** The number that somebody wrote; null if it is none. */
function readNumber(written) {
  let text = written.trim().replace(/[−–×·÷∞]/g, (sign) => LIKE[sign]);
  if (!text.includes("(")) text = text.replace(/(^|\d),(?=\d)/g, "$1."); // else it is between operands
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (special) return special[2].toLowerCase() === "nan" ? NaN : special[1] === "-" ? -Infinity : Infinity;
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  try {
    return new Arithmetic(text).result();
  } catch (error) {
    if (error instanceof Undefined) return null;
    throw error;
  }
}

/** Arithmetic on numbers, as the prompt reads it; Undefined is thrown where it is none, or has no finite result. */
class Arithmetic {
  constructor(text) {
    this.tokens = text.match(/\*\*|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[\p{L}_][\p{L}\p{N}_]*|\S/giu) || [];
    this.at = 0;
    defined(this.tokens.length <= MOST_TOKENS);
  }

  result() {
    if (this.tokens[1] === "=" && /^[\p{L}_]/u.test(this.tokens[0])) this.at = 2; // u = 6
    const x = this.sum();
    defined(this.at === this.tokens.length);
    return x;
  }

  take(...texts) {
    return texts.includes(this.tokens[this.at]) ? this.tokens[this.at++] : null;
  }

  apply(name, ...operands) {
    const x = FORWARD[name](...operands);
    defined(Math.abs(x) !== Infinity);
    return x;
  }

  sum() {
    let x = this.product(), sign;
    while ((sign = this.take("+", "-"))) x = this.apply(sign === "+" ? "add" : "sub", x, this.product());
    return x;
  }

  product() {
    let x = this.signed(), sign;
    while ((sign = this.take("*", "/"))) x = this.apply(sign === "*" ? "mul" : "div", x, this.signed());
    return x;
  }

  signed() {
    const sign = this.take("+", "-");
    if (sign) return sign === "-" ? -this.signed() : this.signed();
    const base = this.atom();
    return this.take("**") ? this.apply("pow", base, this.signed()) : base;
  }

  atom() {
    const token = this.tokens[this.at++] ?? "";
    if (token === "(") return this.operands(1)[0];
    if (/^\.?\d/.test(token)) {
      defined(token.length <= LONGEST_NUMBER && Number.isFinite(Number(token)));
      return Number(token);
    }
    const name = Object.hasOwn(SECOND_NAMES, token) ? SECOND_NAMES[token] : token;
    defined(Object.hasOwn(FORWARD, name) && !OPERATORS_ONLY.has(name) && this.take("("));
    return this.apply(name, ...this.operands(FORWARD[name].length));
  }

  /** What stands before the closing bracket; of any number at least one, or else so many. */
  operands(count) {
    const found = [this.sum()];
    while (this.take(",")) found.push(this.sum());
    defined(this.take(")") && (count === 0 || count === found.length));
    return found;
  }
}
