// Mathematics in the page: the part of LaTeX that the sentences are written in, as MathML.

const MATHML = "http://www.w3.org/1998/Math/MathML";
const SYMBOLS = { cdot: "·", infty: "∞", dots: "…", partial: "∂", ge: "≥", sigma: "σ" };
const OPERATORS = new Set(["cdot", "ge", "dots"]);

/** A math element for a formula in LaTeX; text in it stays text. */
function mathElement(latex) {
  const math = mathNode("math");
  math.setAttribute("display", "block");
  math.append(...new LatexReader(latex).row());
  return math;
}

function mathNode(name, ...content) {
  const node = document.createElementNS(MATHML, name);
  node.append(...content);
  return node;
}

/** A minus is a sign, not a difference, where no operand stands before it. */
function signed(element, i, row) {
  const before = row[i - 1];
  const isSign = element.textContent === "−" && (!before || (before.localName === "mo" && !")]|".includes(before.textContent)));
  if (isSign) for (const [key, value] of [["form", "prefix"], ["lspace", "0"], ["rspace", "0"]]) element.setAttribute(key, value);
  return element;
}

class LatexReader {
  constructor(text) {
    this.tokens = text.match(/\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|\s+|./gsu) || [];
    this.at = 0;
  }

  /** Everything up to a closing brace, or to the end. */
  row() {
    const row = [];
    while (this.at < this.tokens.length && this.tokens[this.at] !== "}") {
      const atom = this.atom();
      if (atom) row.push(this.withScripts(atom));
    }
    return row.map(signed);
  }

  group() {
    if (this.tokens[this.at] !== "{") return this.atom();
    this.at++;
    const row = this.row();
    this.at++;
    return mathNode("mrow", ...row);
  }

  withScripts(base) {
    for (const [mark, name] of [["_", "msub"], ["^", "msup"]]) {
      if (this.tokens[this.at] === mark) {
        this.at++;
        base = mathNode(name, base, this.group());
      }
    }
    return base;
  }

  atom() {
    const token = this.tokens[this.at++];
    if (/^\s/.test(token)) return null;
    if (token === "{") {
      this.at--;
      return this.group();
    }
    if (token.startsWith("\\")) return this.command(token.slice(1));
    if (/^\d/.test(token)) return mathNode("mn", token);
    if (/^\p{L}$/u.test(token)) return mathNode("mi", token);
    return mathNode("mo", token === "-" ? "−" : token);
  }

  command(name) {
    switch (name) {
      case "frac":
        return mathNode("mfrac", this.group(), this.group());
      case "sqrt":
        return mathNode("msqrt", this.group());
      case "mathit": {
        const word = mathNode("mi", this.words());
        word.setAttribute("class", "word");
        return word;
      }
      case "text":
      case "texttt":
        return mathNode("mtext", plain(this.words()));
      case "operatorname":
        return mathNode("mi", this.words());
      case "mathrel": {
        const relation = this.words();
        this.at += this.tokens[this.at] === "=";
        return mathNode("mo", `${relation}=`);
      }
      case "left":
        this.at++; // the dot of \left.
        return this.fenced();
      default:
        if (OPERATORS.has(name)) return mathNode("mo", SYMBOLS[name]);
        return mathNode(name.length > 1 || SYMBOLS[name] ? "mi" : "mo", SYMBOLS[name] || name);
    }
  }

  /** What stands between \left. and \right|, with the bar. */
  fenced() {
    const row = [];
    while (this.at < this.tokens.length && this.tokens[this.at] !== "\\right") {
      const atom = this.atom();
      if (atom) row.push(this.withScripts(atom));
    }
    this.at += 2; // \right and its bar
    const bar = mathNode("mo", "|");
    bar.setAttribute("stretchy", "true");
    return mathNode("mrow", ...row, bar);
  }

  /** The text in braces, its escapes undone. */
  words() {
    let text = "", depth = 0;
    const escapes = { "\\textbackslash": "\\", "\\textasciicircum": "^", "\\textasciitilde": "~" };
    for (; this.at < this.tokens.length; this.at++) {
      const token = this.tokens[this.at];
      if (token === "{") depth++;
      else if (token === "}" && --depth === 0) {
        this.at++;
        break;
      } else if (token in escapes) text += escapes[token];
      else if (token !== "}") text += token.startsWith("\\") ? token.slice(1) : token;
    }
    return text;
  }
}
