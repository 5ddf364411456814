/*
 * Arithmetic as people do it on paper: 0.1 + 0.2 is 0.3.
 *
 * Numbers are doubles, read as the shortest decimal text that means them, and every operation gives the double next to
 * the decimal result. `subset.py` counts in the same way: change both.
 */

/* As in limits.py. */
const MAX_CHARACTERS = 12_000_000;

export function plus(a, b) {
  if (typeof a !== 'number') {
    return joined(a, b);
  }
  const sum = a + b;
  return Number.isInteger(a) && Number.isInteger(b) ? sum : rounded(sum, Math.max(places(a), places(b)));
}

export function minus(a, b) {
  return plus(a, -b);
}

export function times(a, b) {
  const product = a * b;
  return Number.isInteger(a) && Number.isInteger(b) ? product : rounded(product, places(a) + places(b));
}

export function over(a, b) {
  if (!b) {
    return null;
  }
  const quotient = a / b;
  const short = Number(quotient.toPrecision(15));
  return times(short, b) === a ? short : quotient;
}

export function power(base, exponent) {
  const result = Math.pow(base, exponent);
  const isExact = Number.isInteger(exponent) && exponent >= 0 && exponent * places(base) <= 15;
  return isExact ? rounded(result, exponent * places(base)) : result;
}

/* Rounds to `scale` places after the point (before it, if negative). */
export function roundTo(number, scale, mode) {
  if (!Number.isFinite(number)) {
    return number;
  }
  const shifted = shift(number, scale);
  return shift(MODES[mode](shifted), -scale);
}

const MODES = {
  floor: Math.floor,
  ceiling: Math.ceil,
  up: (number) => Math.sign(number) * Math.ceil(Math.abs(number)),
  down: Math.trunc,
  'half up': (number) => Math.sign(number) * Math.floor(plus(Math.abs(number), 0.5)),
  'half down': (number) => Math.sign(number) * Math.ceil(minus(Math.abs(number), 0.5)),
  'half even': (number) => {
    const below = Math.floor(number);
    const rest = minus(number, below);
    return rest === 0.5 ? below + (below % 2 === 0 ? 0 : 1) : Math.floor(plus(number, 0.5));
  },
};

/* Moves the decimal point. */
function shift(number, by) {
  const [digits, exponent = '0'] = String(number).split('e');
  return Number(`${digits}e${Number(exponent) + Math.trunc(by)}`) + 0;
}

/* How many digits a number has after the point. */
function places(number) {
  const [digits, exponent = '0'] = String(number).split('e');
  const point = digits.indexOf('.');
  return Math.max(0, (point < 0 ? 0 : digits.length - point - 1) - Number(exponent));
}

function rounded(number, scale) {
  return scale > 100 || !Number.isFinite(number) ? number : Number(number.toFixed(scale));
}

function joined(a, b) {
  if (typeof a === 'string' && a.length + b.length > MAX_CHARACTERS) {
    throw new Error(`a text of ${a.length + b.length} characters would come about, ${MAX_CHARACTERS} are allowed`);
  }
  return a + b;
}
