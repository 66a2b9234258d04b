// The graph and its walk: the forward pass, backprop term by term, and what is known at each step.

const EVALUATE = -1, SEED = -2;

/** A number of the data: NaN and infinities are texts there. */
function fromData(x) {
  return typeof x === "number" ? x : { nan: NaN, inf: Infinity, "-inf": -Infinity }[x];
}

/**
 * A recorded graph. Its nodes are in topological order and known by their place in it.
 *
 * data, gradients: of each node its number and the derivative of the result by it.
 * steps: of each its node and which: EVALUATE, SEED, or the number of the operand that the gradient flows to.
 * problem: null, or where the forward pass is undefined: {node, step}.
 */
class Walk {
  constructor(recorded) {
    const nodes = (this.nodes = recorded.nodes);
    this.rules = recorded.rules;
    this.seed = fromData(recorded.seed);
    this.root = nodes.length - 1;
    this.frozen = recorded.frozen;
    for (const [name, program] of Object.entries(recorded.definitions)) {
      FORWARD[name] = (...x) => runProgram(program, [NaN, ...x])[program.results[0]];
    }
    this.data = Float64Array.from(nodes, (node) => fromData(node.data));
    this.slopes = nodes.map((node) => (node.slopes ? Float64Array.from(node.slopes, fromData) : null));
    this.recorded = this.data.slice();
    this.gradients = new Float64Array(nodes.length);
    this.isUndefined = new Uint8Array(nodes.length);
    this.problem = null;
    this.usersOf = nodes.map(() => []); // of each node the edges that lead from it, as "node,operand"
    nodes.forEach((node, i) => node.operands.forEach((operand, which) => this.usersOf[operand].push(`${i},${which}`)));
    this.isWanted = nodes.map((node) => node.operands.map((operand) => !this.isConstant(operand)));
    this.layOutSteps();
    this.backward();
  }

  isConstant(node) {
    return this.nodes[node].kind === "constant";
  }

  rule(node) {
    return this.rules[this.nodes[node].rule];
  }

  operandsData(node) {
    return this.nodes[node].operands.map((operand) => this.data[operand]);
  }

  /** The steps follow from the graph alone; the numbers in them do not. */
  layOutSteps() {
    const { nodes } = this;
    this.stepNode = [];
    this.stepWhich = [];
    this.evaluatedAt = nodes.map(() => 0); // leaves and constants are known from the start
    this.termsOf = nodes.map(() => []); // the steps that write its gradient, counted from 1
    this.stepOf = nodes.map((node) => node.operands.map(() => 0)); // of each edge the step that goes along it
    const add = (node, which) => {
      this.stepWhich.push(which);
      return this.stepNode.push(node);
    };
    nodes.forEach((node, i) => {
      if (node.operands.length) this.evaluatedAt[i] = add(i, EVALUATE);
    });
    this.forwardSteps = this.stepNode.length;
    this.termsOf[this.root].push(add(this.root, SEED));
    for (let i = this.root; i >= 0; i--) {
      nodes[i].operands.forEach((operand, which) => {
        if (this.isConstant(operand)) return;
        const at = add(i, which);
        this.stepOf[i][which] = at;
        this.termsOf[operand].push(at);
      });
    }
    this.length = this.stepNode.length;
    this.stepOperand = this.stepNode.map((node, i) => nodes[node].operands[this.stepWhich[i]]);
    this.contribution = new Float64Array(this.length + 1);
    this.before = new Float64Array(this.length + 1);
    this.after = new Float64Array(this.length + 1);
  }

  /** The node whose number a step writes. */
  written(at) {
    const node = this.stepNode[at - 1], which = this.stepWhich[at - 1];
    return which < 0 ? node : this.nodes[node].operands[which];
  }

  // --- computing ------------------------------------------------------------------------------------------

  /** Give leaves new data, {place: number}, and compute everything. */
  set(leaves) {
    for (const [leaf, x] of leaves) this.data[leaf] = x;
    this.forward();
    this.backward();
  }

  forward() {
    this.problem = null;
    this.nodes.forEach((node, i) => {
      this.isUndefined[i] = 0;
      if (!node.operands.length) return;
      const values = this.operandsData(i);
      if (this.problem && node.operands.some((operand) => this.isUndefined[operand])) {
        this.isUndefined[i] = 1;
        return;
      }
      try {
        const rule = this.rules[node.rule];
        this.data[i] = FORWARD[rule.name](...values);
        slopesOf(rule, this.data[i], values, this.isWanted[i], this.slopes[i]);
      } catch (error) {
        if (!(error instanceof Undefined)) throw error;
        this.isUndefined[i] = 1;
        this.problem = this.problem || { node: i, step: this.evaluatedAt[i] };
      }
    });
  }

  /** The chain rule: each step adds one term to the gradient of one operand. */
  backward() {
    const { gradients, before, after, contribution } = this;
    gradients.fill(0);
    if (this.problem) return;
    gradients[this.root] = this.seed;
    after[this.forwardSteps + 1] = this.seed;
    for (let at = this.forwardSteps + 2; at <= this.length; at++) {
      const node = this.stepNode[at - 1], which = this.stepWhich[at - 1];
      const operand = this.stepOperand[at - 1];
      contribution[at] = gradients[node] * this.slopes[node][which];
      before[at] = gradients[operand];
      after[at] = gradients[operand] += contribution[at];
    }
  }

  /** The data if one node, a leaf or not, had another number; nothing is changed. Throws Undefined. */
  dataWith(changed, x) {
    const data = this.data.slice();
    data[changed] = x;
    for (let i = changed + 1; i <= this.root; i++) {
      const { operands } = this.nodes[i];
      if (operands.length) data[i] = FORWARD[this.rule(i).name](...operands.map((operand) => data[operand]));
    }
    return data;
  }

  // --- what is known at a moment ----------------------------------------------------------------------------

  /** Whether the data of a node is known when so many steps are done. */
  isEvaluated(node, position) {
    return this.evaluatedAt[node] <= position && !this.isUndefined[node];
  }

  /** How many terms of a node's gradient are added by then. */
  termsDone(node, position) {
    const terms = this.termsOf[node];
    let low = 0, high = terms.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (terms[middle] <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The gradient of a node as summed by then: {sum, done, isComplete}; null while nothing is added. */
  gradientAt(node, position) {
    const done = this.problem ? 0 : this.termsDone(node, position);
    if (!done) return null;
    const terms = this.termsOf[node];
    return { sum: this.after[terms[done - 1]], done, isComplete: done === terms.length };
  }

  /**
   * Whether the number that a step finds is not larger than the rounding errors in it, so that it may as well be
   * 0: as 0.1 + 0.2 - 0.3, which is 5.6e-17. Each number is wrong by its last digit, and passes that on.
   */
  isNoise(wanted) {
    const { nodes, data, slopes, contribution } = this;
    const errors = Float64Array.from(data, (x) => Number.EPSILON * Math.abs(x));
    const gradientErrors = new Float64Array(nodes.length);
    for (let at = 1; ; at++) {
      const node = this.stepNode[at - 1], which = this.stepWhich[at - 1];
      const { operands } = nodes[node];
      let x = data[node], error = errors[node];
      if (which === EVALUATE) {
        operands.forEach((operand, i) => (error += Math.abs(slopes[node][i]) * errors[operand]));
        errors[node] = error;
      } else if (which !== SEED) {
        x = contribution[at];
        const moved = this.slopesAt(node, operands.map((operand) => data[operand] + errors[operand]));
        error = Number.EPSILON * Math.abs(x) + Math.abs(gradientErrors[node] * slopes[node][which]) +
          Math.abs(this.gradients[node] * (moved[which] - slopes[node][which]));
        gradientErrors[operands[which]] += error;
      }
      if (at === wanted) return which !== SEED && Math.abs(x) <= error;
    }
  }

  /** The local derivatives of a node's operation at other operands; NaN where it is undefined. */
  slopesAt(node, values, isWanted = this.isWanted[node]) {
    const rule = this.rule(node);
    if (rule.own) return values.map(() => NaN);
    try {
      return slopesOf(rule, FORWARD[rule.name](...values), values, isWanted, []);
    } catch (error) {
      if (error instanceof Undefined) return values.map(() => NaN);
      throw error;
    }
  }

  // --- kinks ------------------------------------------------------------------------------------------------

  isAtKink(node, values) {
    const { kink } = this.rule(node);
    return kink !== null && kink !== undefined && runProgram(kink, [NaN, ...values])[kink.results[0]] === 0;
  }

  /** The nodes with a kink between here and other data, or at one of them only. */
  kinksBetween(there) {
    const at = (node, data) => {
      const { kink } = this.rule(node);
      const values = this.nodes[node].operands.map((operand) => data[operand]);
      return runProgram(kink, [NaN, ...values])[kink.results[0]];
    };
    return this.nodes.flatMap((node, i) => {
      if (!node.operands.length || !this.rule(i).kink) return [];
      const [x, y] = [at(i, this.data), at(i, there)];
      return x !== y && ((x <= 0 && y >= 0) || (y <= 0 && x >= 0)) ? [i] : [];
    });
  }

  /** The slope at the next double on one side: NaN where it is undefined, null where the kink goes on. */
  slopeBeside(node, which, up) {
    const { operands } = this.nodes[node];
    const moved = operands.map((operand) =>
      operand === operands[which] ? nextDouble(this.data[operand], up) : this.data[operand]);
    if (this.isAtKink(node, moved)) return null;
    return this.slopesAt(node, moved, operands.map((_, index) => index === which))[which];
  }

  // --- paths ------------------------------------------------------------------------------------------------

  /** The paths from the result down to a node: {count, total, largest: [{product, edges: [[node, which]]}]}. */
  paths(node, limit) {
    const { nodes, slopes, root } = this;
    const sums = new Map([[node, { count: 1n, total: 1 }]]);
    for (let user = node + 1; user <= root; user++) {
      let sum = null;
      nodes[user].operands.forEach((operand, which) => {
        const below = sums.get(operand);
        if (!below) return;
        sum = sum || { count: 0n, total: 0 };
        sum.count += below.count;
        sum.total += below.total * slopes[user][which];
      });
      if (sum) sums.set(user, sum);
    }
    const size = (chain) => (Number.isNaN(chain.product) ? Infinity : Math.abs(chain.product));
    const largest = (chains) => chains.sort((a, b) => size(b) - size(a)).slice(0, limit);
    const best = new Map([[root, [{ product: 1, edges: null }]]]);
    for (let user = root; user > node; user--) {
      if (!sums.has(user) || !best.has(user)) continue;
      const chains = largest(best.get(user));
      best.delete(user);
      nodes[user].operands.forEach((operand, which) => {
        if (!sums.has(operand)) return;
        if (!best.has(operand)) best.set(operand, []);
        const longer = chains.map((chain) => ({
          product: chain.product * slopes[user][which],
          edges: { node: user, which, rest: chain.edges },
        }));
        best.get(operand).push(...longer);
      });
    }
    const { count, total } = sums.get(root) || { count: 0n, total: 0 };
    return { count, total, largest: largest(best.get(node) || []).map(unrolled) };
  }
}

function unrolled({ product, edges }) {
  const path = [];
  for (let edge = edges; edge; edge = edge.rest) path.push([edge.node, edge.which]);
  return { product, edges: path.reverse() };
}

/** The local derivatives, by the programs of the table's rules, written to `slopes`; of those not wanted, 0. */
function slopesOf(rule, out, values, isWanted, slopes) {
  const given = [out, ...values];
  const isOneForAll = rule.slopes.length < values.length; // the program of any number of operands
  const together = isOneForAll ? runProgram(rule.slopes[0], given) : null;
  for (let which = 0; which < values.length; which++) {
    if (isOneForAll) slopes[which] = together[rule.slopes[0].results[which]];
    else slopes[which] = isWanted[which] ? slopeOf(rule.slopes[which], given) : 0;
  }
  return slopes;
}

function slopeOf(program, given) {
  try {
    return runProgram(program, given)[program.results[0]];
  } catch (error) {
    if (error instanceof Undefined && error.byZero) return Infinity; // a vertical tangent
    throw error;
  }
}

/** The slots of a program: those given, then one for each of its lines. */
function runProgram({ lines }, given) {
  if (!lines.length) return given;
  const slots = given.slice();
  for (const line of lines) slots.push(computed(line, slots));
  return slots;
}

function computed(line, slots) {
  const name = line[0];
  if (name === "number") return fromData(line[1]);
  const rule = FORWARD[name];
  if (line.length === 2) return rule(slots[line[1]]);
  if (line.length === 3) return rule(slots[line[1]], slots[line[2]]);
  return rule(...line.slice(1).map((slot) => slots[slot]));
}
