// The forward rules of the table of operations. They are all that the page knows of an operation by itself:
// derivatives, kinks and formulas come from the table, as programs and templates. A test in a browser holds
// each rule to the table's own.

/** Thrown where an operation is undefined. */
class Undefined extends Error {
  constructor(byZero = false) {
    super("undefined");
    this.byZero = byZero; // whether it is a division by zero, which in a derivative is a vertical tangent
  }
}

function defined(condition) {
  if (!condition) throw new Undefined();
}

function power(x, y) {
  if (x === 0 && y < 0) throw new Undefined(true);
  if (x === 1 || (x === -1 && Math.abs(y) === Infinity)) return 1; // where JavaScript has NaN
  const result = Math.pow(x, y);
  defined(!Number.isNaN(result) || Number.isNaN(x) || Number.isNaN(y));
  return result;
}

function sumOfPairs(x, count) {
  let sum = x[0] * x[1];
  for (let i = 2; i < count; i += 2) sum += x[i] * x[i + 1];
  return sum;
}

const FORWARD = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => {
    if (y === 0) throw new Undefined(true);
    return x / y;
  },
  neg: (x) => -x,
  pow: power,
  exp: (x) => Math.exp(x),
  log: (x) => {
    defined(!(x <= 0));
    return Math.log(x);
  },
  sqrt: (x) => {
    defined(!(x < 0));
    return Math.sqrt(x);
  },
  tanh: (x) => Math.tanh(x),
  sigmoid: (x) => {
    const e = Math.exp(-Math.abs(x)); // never overflows, whatever the sign of x
    return (x >= 0 ? 1 : e) / (1 + e);
  },
  relu: (x) => (x <= 0 ? 0 : x),
  leaky_relu: (x) => (x < 0 ? 0.01 * x : x),
  softplus: (x) => (x <= 0 ? 0 : x) + Math.log1p(Math.exp(-Math.abs(x))),
  sin: (x) => {
    defined(Math.abs(x) !== Infinity);
    return Math.sin(x);
  },
  cos: (x) => {
    defined(Math.abs(x) !== Infinity);
    return Math.cos(x);
  },
  abs: (x) => Math.abs(x),
  maximum: (x, y) => (x > y || Number.isNaN(x) ? x : y),
  minimum: (x, y) => (x < y || Number.isNaN(x) ? x : y),
  sum: (...x) => x.reduce((sum, term) => sum + term),
  dot: (...x) => {
    defined(x.length % 2 === 0);
    return sumOfPairs(x, x.length);
  },
  affine: (...x) => {
    defined(x.length % 2 === 1);
    const bias = x[x.length - 1];
    return x.length === 1 ? bias : sumOfPairs(x, x.length - 1) + bias;
  },
  logsumexp: (...x) => {
    const largest = x.some(Number.isNaN) ? NaN : Math.max(...x);
    if (!Number.isFinite(largest)) return largest;
    const at = x.indexOf(largest);
    let others = 0;
    x.forEach((term, i) => {
      if (i !== at) others += Math.exp(term - largest);
    });
    return largest + Math.log1p(others);
  },
  at_least: (x, y) => (Number.isNaN(x) || Number.isNaN(y) ? NaN : Number(x >= y)),
  above: (x, y) => (Number.isNaN(x) || Number.isNaN(y) ? NaN : Number(x > y)),
  sign: (x) => (Number.isNaN(x) ? x : Number(x > 0) - Number(x < 0)),
  power_slope: (x, y) => {
    if (y === 0) return 0;
    if (x === 0 && y < 1) return y % 1 === 0 ? 0 : y > 0 ? Infinity : -Infinity;
    try {
      return y * power(x, y - 1);
    } catch (error) {
      if (error instanceof Undefined && !error.byZero) return NaN;
      throw error;
    }
  },
  log_for_power: (x) => (x > 0 ? Math.log(x) : x === 0 ? 0 : NaN),
};
