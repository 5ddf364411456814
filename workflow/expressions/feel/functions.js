/*
 * Functions of Camunda 8's FEEL that feelin does not have. Failing ones throw: the evaluation as a whole fails.
 */

import { plain } from './values.js';

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
