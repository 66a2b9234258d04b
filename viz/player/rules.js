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

/** 1 - erf(x) for x >= 2, by its continued fraction. */
function tailOfErf(x) {
  let fraction = 0;
  for (let n = 120; n > 0; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

/** The error function: between -2 and 2 by a series of positive terms, (2 x)^n x / (1 3 5 ...). */
function erf(x) {
  if (Math.abs(x) >= 2) return Math.sign(x) * (1 - tailOfErf(Math.abs(x)));
  let term = x, sum = x;
  for (let n = 1; n < 60; n++) sum += term *= (2 * x * x) / (2 * n + 1);
  return ((2 * Math.exp(-x * x)) / Math.sqrt(Math.PI)) * sum;
}

function erfc(x) {
  return x >= 2 ? tailOfErf(x) : 1 - erf(x);
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
  log1p: (x) => {
    defined(!(x <= -1));
    return Math.log1p(x);
  },
  expm1: (x) => Math.expm1(x),
  tan: (x) => {
    defined(Math.abs(x) !== Infinity);
    return Math.tan(x);
  },
  asin: (x) => {
    defined(!(Math.abs(x) > 1));
    return Math.asin(x);
  },
  acos: (x) => {
    defined(!(Math.abs(x) > 1));
    return Math.acos(x);
  },
  atan: (x) => Math.atan(x),
  sinh: (x) => Math.sinh(x),
  cosh: (x) => Math.cosh(x),
  erf,
  erfc,
  silu: (x) => x * FORWARD.sigmoid(x),
  gelu: (x) => 0.5 * x * erfc(-x * Math.SQRT1_2),
  softsign: (x) => x / (1 + Math.abs(x)),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  hard_tanh: (x) => (x < -1 ? -1 : x > 1 ? 1 : x),
  square: (x) => x * x,
  reciprocal: (x) => {
    if (x === 0) throw new Undefined(true);
    return 1 / x;
  },
  hypot: (x, y) => Math.hypot(x, y),
  clip: (x, low, high) => FORWARD.minimum(FORWARD.maximum(low, x), high),
  where: (condition, x, y) => (Number.isNaN(condition) ? NaN : condition !== 0 ? x : y),
};
