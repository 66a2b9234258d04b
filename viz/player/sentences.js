// The sentences of the steps, as text and as LaTeX: word for word those of the prompt and of notebooks.

const LONGEST_FORMULA = 160, LONGEST_LATEX = 400;

/** A term, in parentheses where it binds less tightly than its place needs. */
function wrapped({ text, binds }, needed) {
  return binds < needed ? `(${text})` : text;
}

function filled(template, terms) {
  return template.map((piece) => (typeof piece === "string" ? piece : wrapped(terms[piece[0]], piece[1]))).join("");
}

/** A long formula without its middle; no name or number is cut in two. */
function shortened(formula) {
  const characters = Array.from(formula);
  if (characters.length <= LONGEST_FORMULA) return formula;
  const half = LONGEST_FORMULA / 2 - 2;
  // A label between backticks may have spaces of its own.
  const whole = Array.from(formula.replace(/`[^`]*`/g, (name) => name.replaceAll(" ", "\0")));
  const head = whole.slice(0, half).join(""), tail = whole.slice(-half).join("");
  const start = head.slice(0, Math.max(0, head.lastIndexOf(" ")));
  const gap = tail.indexOf(" ");
  return `${start} ... ${gap < 0 ? "" : tail.slice(gap + 1)}`.replaceAll("\0", " ");
}

class Sentences {
  constructor(walk) {
    this.walk = walk;
  }

  node(place) {
    return this.walk.nodes[place];
  }

  name(place) {
    const node = this.node(place);
    return node.kind === "constant" ? number(this.walk.data[place]) : node.name;
  }

  /** The names of operands in a formula; of a constant, its number. */
  terms(place) {
    return this.node(place).operands.map((operand) =>
      this.walk.isConstant(operand) ? numberTerm(this.walk.data[operand]) : { text: this.node(operand).name, binds: ATOM });
  }

  formula(place) {
    const { written, operands } = this.node(place);
    if (written) return written.formula;
    return operands.length ? shortened(filled(this.walk.rule(place).text, this.terms(place))) : this.name(place);
  }

  numbers(place) {
    const { written } = this.node(place);
    return written ? written.numbers : shortened(filled(this.walk.rule(place).text, this.walk.operandsData(place).map(numberTerm)));
  }

  latexFormula(place, withNumbers) {
    const { written, operands } = this.node(place);
    if (written) return withNumbers ? written.latexNumbers : written.latexFormula;
    const isNumber = (operand) => withNumbers || this.walk.isConstant(operand);
    const terms = operands.map((operand) =>
      isNumber(operand) ? latexNumber(this.walk.data[operand]) : { text: this.node(operand).latex, binds: ATOM });
    const rule = this.walk.rule(place);
    const formula = filled(rule.latex, terms);
    if (formula.length <= LONGEST_LATEX) return formula;
    const name = rule.name.replace(/[#$%&_{}]/g, "\\$&");
    return `\\operatorname{${name}}(${terms[0].text}, \\dots, ${terms[terms.length - 1].text})`;
  }

  // --- steps, counted from 1 --------------------------------------------------------------------------------

  /** The sentence of a step. */
  text(at) {
    const { walk } = this;
    const node = walk.stepNode[at - 1], which = walk.stepWhich[at - 1];
    if (walk.problem && (at > walk.forwardSteps || walk.isUndefined[node])) return this.refusal();
    if (which === EVALUATE) {
      const numbers = this.numbers(node), value = number(walk.data[node]);
      const parts = [this.name(node), this.formula(node), numbers];
      return (numbers === value ? parts : [...parts, value]).join(" = ");
    }
    if (which === SEED) {
      const { gradient, total } = this.node(node);
      return [...new Set([gradient, total]), number(walk.seed)].join(" = ");
    }
    return [this.equation(at), ...this.remarks(at).map((remark) => `(${remark})`)].join("   ");
  }

  equation(at) {
    const { walk } = this;
    const node = walk.stepNode[at - 1], which = walk.stepWhich[at - 1];
    const symbols = `${this.node(node).total} * ${this.node(node).edges[which].local}`;
    return `${this.node(walk.written(at)).gradient} += ${symbols} = ${this.product(at)}`;
  }

  /** The numbers of a term: 3 * 2 = 6. */
  product(at) {
    const { walk } = this;
    const node = walk.stepNode[at - 1], which = walk.stepWhich[at - 1];
    return `${number(walk.gradients[node])} * ${number(walk.slopes[node][which])} = ${number(walk.contribution[at])}`;
  }

  /** The running sum, and at a kink which slope was taken. */
  remarks(at) {
    const { walk } = this;
    const running = `${this.node(walk.written(at)).gradient}: ${number(walk.before[at])} -> ${number(walk.after[at])}`;
    const kink = this.kink(walk.stepNode[at - 1], walk.stepWhich[at - 1]);
    return kink ? [running, kink] : [running];
  }

  /** That an operand is at a kink, and which slope was taken there; empty if it is not. */
  kink(place, which) {
    const { walk } = this;
    const { operands, written } = this.node(place);
    if (written) return written.kinks[which];
    const values = walk.operandsData(place);
    if (!walk.isAtKink(place, values) || walk.isConstant(operands[which])) return "";
    const left = walk.slopeBeside(place, which, false), right = walk.slopeBeside(place, which, true);
    if (left === null || right === null) return "";
    const taken = slopeTaken(walk.slopes[place][which], left, right);
    const equal = operands.filter((operand, i) => values[i] === values[which] && !walk.isConstant(operand));
    const names = [...new Set(equal.map((operand) => this.name(operand)))];
    return `${[...names, number(values[which])].join(" = ")} is ${taken}`;
  }

  latex(at) {
    const { walk } = this;
    const node = walk.stepNode[at - 1], which = walk.stepWhich[at - 1];
    if (walk.problem && (at > walk.forwardSteps || walk.isUndefined[node])) return "";
    const { latex, latexTotal, edges } = this.node(node);
    if (which === EVALUATE) {
      const value = latexNumber(walk.data[node]).text;
      return `${latex} = ${this.latexFormula(node, false)} = ${this.latexFormula(node, true)} = ${value}`;
    }
    if (which === SEED) return `${latexTotal} = ${latexNumber(walk.seed).text}`;
    const local = wrapped(latexNumber(walk.slopes[node][which]), ATOM);
    return `${this.node(walk.written(at)).latexTotal} \\mathrel{+}= ${latexTotal} \\cdot ${edges[which].latexLocal} = ` +
      `${latexNumber(walk.gradients[node]).text} \\cdot ${local} = ${latexNumber(walk.contribution[at]).text}`;
  }

  /** Why the forward pass ends: where an operation is undefined, in the engine's words. */
  refusal() {
    const { walk } = this;
    const { node } = walk.problem;
    const { operands } = this.node(node);
    const rule = walk.rule(node);
    const terms = operands.map((operand) =>
      walk.isConstant(operand) ? fullNumberTerm(walk.data[operand]) : { text: this.node(operand).name, binds: ATOM });
    const named = operands.map((operand, i) => [terms[i].text, fullNumber(walk.data[operand])]);
    const equations = new Set(named.filter(([name, value]) => name !== value).map((pair) => pair.join(" = ")));
    const shown = [...equations].slice(0, 20).join(", ");
    const more = equations.size > 20 ? ` and ${equations.size - 20} more` : "";
    const where = shown ? ` at ${shown}${more}` : "";
    return `${shortened(filled(rule.text, terms))} is not defined${where}: ${rule.name} needs ${rule.requirement || "other operands"}`;
  }
}

function slopeTaken(slope, left, right) {
  const shown = number(slope);
  if (left === right && left === slope) return `a jump: the slope of both sides, ${shown}, is taken`;
  if (slope === left || slope === right) {
    return `a kink: the slope of the ${slope === right ? "right" : "left"} side, ${shown}, is taken`;
  }
  return `a kink: the slope ${shown}, between ${number(left)} and ${number(right)}, is taken`;
}
