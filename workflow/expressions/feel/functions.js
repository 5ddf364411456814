/*
 * Functions of Camunda 8's FEEL that feelin does not have or does otherwise. Failing ones throw: the evaluation as a
 * whole fails.
 */
import { evaluate } from 'feelin';

import { over, minus, plus, roundTo, times } from './numbers.js';
import { plain } from './values.js';

/* What feelin itself makes of a name or function. */
function feel(source) {
  return evaluate(source, {}, 'camunda').value;
}

const isEqual = feel('function(a, b) a = b');
const isLess = feel('function(a, b) a < b');
const lastDayOfMonth = feel('function(d) date(d.year, d.month, 1) + duration("P1M") - duration("P1D")');

function named(parameters, implementation) {
  return Object.assign(implementation, { $args: parameters });
}

export class AssertionFailure extends Error {}

function failAssertion(cause) {
  throw new AssertionFailure(cause);
}

export const functions = {
  assert: named(['value', 'condition', 'cause'], (value, condition, cause) =>
    condition === true ? value : failAssertion(cause || 'The condition is not fulfilled'),
  ),
  'is defined': named(['value'], (value) => value !== null && value !== undefined),
  'get or else': named(['value', 'default'], (value, fallback) => value ?? fallback ?? null),

  trim: ofText(['string'], (string) => string.trim()),
  'is blank': ofText(['string'], (string) => string.trim() === ''),
  extract: ofText(['string', 'pattern'], (string, pattern) => string.match(new RegExp(pattern, 'gu')) || []),
  'from json': ofText(['value'], fromJson),
  'to json': named(['value'], (value) => JSON.stringify(plain(value))),

  'last day of month': named(['date'], (date) => (date?.month ? lastDayOfMonth.invoke([date]) : null)),

  put: feel('context put'),
  'put all': feel('context merge'),
  'get value': named(['context', 'key'], (context, key) =>
    [key]
      .flat()
      .reduce((entry, name) => (isContext(entry) && Object.hasOwn(entry, name) ? entry[name] : null), context),
  ),

  'list contains': ofList(['list', 'element'], (list, element) => list.some((item) => isSame(item, element))),
  'index of': ofList(['list', 'match'], (list, match) =>
    list.flatMap((item, index) => (isSame(item, match) ? [index + 1] : [])),
  ),
  'string join': ofList(['list', 'delimiter', 'prefix', 'suffix'], (list, delimiter, prefix, suffix) =>
    list.every((item) => item === null || typeof item === 'string')
      ? (prefix ?? '') + list.filter((item) => item !== null).join(delimiter ?? '') + (suffix ?? '')
      : null,
  ),
  min: ofItems((list) => list.reduce((least, item) => comparing(item, least, least, item))),
  max: ofItems((list) => list.reduce((most, item) => comparing(most, item, most, item))),
  sum: ofNumbers((list) => list.reduce(plus)),
  product: ofNumbers((list) => list.reduce(times)),
  mean: ofNumbers((list) => over(list.reduce(plus), list.length)),
  median: ofNumbers((list) => {
    const sorted = list.toSorted((a, b) => a - b);
    const half = Math.floor(sorted.length / 2);
    return sorted.length % 2 ? sorted[half] : over(plus(sorted[half - 1], sorted[half]), 2);
  }),

  decimal: rounding('half even', ['n', 'scale']),
  floor: rounding('floor', ['n', 'scale'], 0),
  ceiling: rounding('ceiling', ['n', 'scale'], 0),
  'round up': rounding('up', ['n', 'scale']),
  'round down': rounding('down', ['n', 'scale']),
  'round half up': rounding('half up', ['n', 'scale']),
  'round half down': rounding('half down', ['n', 'scale']),
  modulo: named(['dividend', 'divisor'], (dividend, divisor) =>
    typeof dividend === 'number' && typeof divisor === 'number' && divisor !== 0
      ? minus(dividend, times(divisor, Math.floor(over(dividend, divisor))))
      : null,
  ),

  'is empty': ofList(['list'], (list) => list.length === 0),
  partition: ofList(['list', 'size'], partition),
  'duplicate values': ofList(['list'], (list) => {
    const texts = list.map((item) => JSON.stringify(plain(item)));
    const repeated = (text, index) => texts.indexOf(text) === index && texts.includes(text, index + 1);
    return list.filter((_, index) => repeated(texts[index], index));
  }),
};

function ofText(parameters, implementation) {
  return named(parameters, (...args) =>
    args.slice(0, parameters.length).every((arg) => typeof arg === 'string') ? implementation(...args) : null,
  );
}

function ofList(parameters, implementation) {
  return named(parameters, (list, ...args) => (Array.isArray(list) ? implementation(list, ...args) : null));
}

function ofItems(implementation) {
  return named(['...list'], (...args) => {
    const list = args.length === 1 && Array.isArray(args[0]) ? args[0] : args;
    return list.length ? implementation(list) : null;
  });
}

function ofNumbers(implementation) {
  return ofItems((list) => (list.every((item) => typeof item === 'number') ? implementation(list) : null));
}

function rounding(mode, parameters, usual) {
  return named(parameters, (number, scale = usual) =>
    typeof number === 'number' && typeof scale === 'number' ? roundTo(number, scale, mode) : null,
  );
}

/* Returns `kept` unless `a` is less than `b`; null where they have no order. */
function comparing(a, b, kept, other) {
  const less = kept === null ? null : isLess.invoke([a, b]);
  return typeof less === 'boolean' ? (less ? other : kept) : null;
}

function isSame(a, b) {
  return a === b || (a !== null && b !== null && isEqual.invoke([a, b]) === true);
}

function isContext(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function fromJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function partition(list, size) {
  if (!(size >= 1)) {
    return null;
  }
  const parts = [];
  for (let start = 0; start < list.length; start += size) {
    parts.push(list.slice(start, start + size));
  }
  return parts;
}
