/*
 * FEEL as it runs in the sandbox: one function to check an expression, one to evaluate it.
 *
 * Answers are JSON text, because every other way out of the isolate costs a round trip per value. The differences
 * between feelin and the FEEL of Camunda 8 that models can notice are evened out here: its additional functions, the
 * wording of warnings, names of variables that are also names of functions.
 */
import { FeelRange, date, dateAndTime, evaluate as evaluateFeel, parseExpression } from 'feelin';

import { AssertionFailure, functions } from './functions.js';
import { plain } from './values.js';

export * from './patterns.js';

/* The dialect with `names in backticks`. */
const DIALECT = 'camunda';

export function check(source) {
  const tree = parseExpression(source, functions, DIALECT);
  const found = { reads: [], calls: new Set() };
  const error = firstError(tree, source) || collectNames(tree.topNode, source, new Set(), found);
  if (error) {
    return JSON.stringify({ error });
  }
  const names = [...new Set(found.reads.map(({ name }) => name))];
  return JSON.stringify({ names, ...withoutClashes(source, found, names) });
}

/*
 * feelin has one namespace for variables and functions: with a variable `count`, `count(items)` fails. Where an
 * expression uses a name as both, the variable gets another name.
 */
function withoutClashes(source, { reads, calls }, names) {
  const aliases = {};
  for (const name of names.filter((name) => calls.has(name))) {
    let alias = name.replace(/\W/g, '_') + '_';
    while (source.includes(alias)) {
      alias += '_';
    }
    aliases[name] = alias;
  }
  let script = source;
  for (const { name, from, to } of reads.toReversed()) {
    if (name in aliases) {
      script = script.slice(0, from) + aliases[name] + script.slice(to);
    }
  }
  return { script, aliases };
}

export function evaluate(script, variables, missing, aliases, now) {
  const shadowed = missing.filter((name) => !(name in aliases) && isFunctionName(name));
  const context = { ...functions, ...clock(now), ...variables };
  for (const name of shadowed) {
    context[name] = null;
  }
  for (const [name, alias] of Object.entries(aliases)) {
    if (name in variables) {
      context[alias] = variables[name];
      delete context[name];
    }
  }
  notes = shadowed.map((name) => `[NO_VARIABLE_FOUND] No variable found with name '${name}'`);
  try {
    const { value, warnings } = evaluateFeel(script, context, DIALECT);
    return JSON.stringify({ value: plain(value), warnings: describe(warnings, script, aliases).concat(notes) });
  } catch (failure) {
    return JSON.stringify(
      failure instanceof AssertionFailure ? { assertion: failure.message } : { failure: failure.message },
    );
  }
}

/* The time is what the caller says it is; feelin's own functions would read the clock of the machine. */
function clock(now) {
  const told = (name) => now || fail(`function '${name}' has no clock here`);
  return {
    now: () => dateAndTime(told('now')),
    today: () => date(told('today').slice(0, 10)),
  };
}

function fail(message) {
  throw new Error(message);
}

const functionNames = new Map();

function isFunctionName(name) {
  if (!functionNames.has(name)) {
    functionNames.set(name, name in functions || evaluateFeel(name, {}, DIALECT).warnings.length === 0);
  }
  return functionNames.get(name);
}

/*
 * Comparison: `x > 5` asks whether a range includes x. feelin lets JavaScript compare text with numbers; in FEEL that
 * is null.
 */

const includes = FeelRange.prototype.includes;
let notes = [];

FeelRange.prototype.includes = function (value) {
  const empty = this.start === null && this.end === null;
  const kind = typeof value;
  const hasOrder = this.valueType !== null && (kind === 'object' || kind === this.valueType);
  if (empty || value === null || value === undefined || hasOrder) {
    return includes.call(this, value);
  }
  notes.push(`[NOT_COMPARABLE] Can't compare '${shown(value)}' with '${shown(this.start ?? this.end)}'`);
  return null;
};

/* Syntax: the parser recovers from every mistake and leaves an error node where it did. */

function firstError(tree, source) {
  let error = null;
  tree.iterate({
    enter(ref) {
      error = error || (ref.type.isError ? unexpected(ref.node, source) : null);
      return !error;
    },
  });
  return error;
}

function unexpected(node, source) {
  const place = (node.parent ? node.parent.name : 'Expression').replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  const rest = source.slice(node.from).trimStart();
  const from = source.length - rest.length;
  if (!rest) {
    return { message: `the ${place} is incomplete`, from };
  }
  const [token] = /^("[^"]*"?|[\p{L}\p{N}_]+|\S)/u.exec(rest);
  return { message: `'${token}' was not expected in the ${place}`, from };
}

/* Places where `= 5` cannot stand for `? = 5`; feelin takes `x == 5` for `x = (? = 5)`. */
const NO_UNARY_TEST = ['Expression', 'Comparison', 'Conjunction', 'Disjunction', 'IfExpression'];

const BINDS_NAMES = ['ForExpression', 'QuantifiedExpression', 'InExpressions', 'Context', 'FunctionDefinition'];

/*
 * Finds the variables that an expression reads from outside and the functions that it calls by name, and returns the
 * first mistake that the grammar of feelin lets pass. A filter may read a name from its items: it counts as a variable
 * all the same.
 */
function collectNames(node, source, bound, found) {
  if (node.name === 'VariableName') {
    return addName(node, source, bound, found);
  }
  if (node.name === 'QualifiedName') {
    return null; // a type
  }
  if (node.firstChild?.name === 'CompareOp' && NO_UNARY_TEST.includes(node.parent?.name)) {
    return unexpected(node, source);
  }
  const parts = children(node);
  if (node.name === 'FunctionInvocation' && parts[0].name === 'VariableName') {
    found.calls.add(textOf(parts.shift(), source));
  }
  const inner = BINDS_NAMES.includes(node.name) ? new Set(bound) : bound;
  if (node.name === 'ForExpression') {
    inner.add('partial');
  }
  for (const part of parts) {
    const error = collectNames(part, source, inner, found);
    if (error) {
      return error;
    }
    boundBy(part, source).forEach((name) => inner.add(name));
  }
  return null;
}

function addName(node, source, bound, found) {
  const name = textOf(node, source);
  if (bound.has(name)) {
    return null;
  }
  const [, second] = children(node);
  if (second) {
    return { message: `'${textOf(second, source)}' was not expected after a name`, from: second.from };
  }
  found.reads.push({ name, from: node.from, to: node.to });
  return null;
}

function boundBy(node, source) {
  switch (node.name) {
    case 'InExpressions':
    case 'FormalParameters':
      return children(node).flatMap((child) => boundBy(child, source));
    case 'InExpression':
    case 'FormalParameter':
    case 'ContextEntry':
      return node.firstChild ? [textOf(node.firstChild, source).replace(/^"|"$/g, '')] : [];
    default:
      return [];
  }
}

function children(node) {
  const result = [];
  for (let child = node.firstChild; child; child = child.nextSibling) {
    result.push(child);
  }
  return result;
}

function textOf(node, source) {
  return source.slice(node.from, node.to).replace(/`/g, '').replace(/\s+/g, ' ').trim();
}

/* Warnings, in the words of Camunda 8 where they are known. */

function describe(warnings, source, aliases) {
  const originals = Object.fromEntries(Object.entries(aliases).map(([name, alias]) => [alias, name]));
  const invocations = new Set(warnings.filter((w) => w.type === 'NO_FUNCTION_FOUND').map((w) => w.position.from));
  return warnings
    .filter((w) => !(w.type === 'NO_VARIABLE_FOUND' && invocations.has(w.position.from)))
    .map((w) => {
      const text = source.slice(w.position.from, w.position.to).replace(/`/g, '');
      return `[${kind(w)}] ${wording(w, originals[text] || text)}`;
    });
}

function kind({ type, details }) {
  return type === 'NO_PROPERTY_FOUND' && details.values.target === null ? 'NO_CONTEXT_ENTRY_FOUND' : type;
}

function wording({ type, message, details }, text) {
  switch (type) {
    case 'NO_VARIABLE_FOUND':
      return `No variable found with name '${text}'`;
    case 'NO_FUNCTION_FOUND':
      return `No function found with name '${text.split('(')[0].trim()}'`;
    case 'NO_CONTEXT_ENTRY_FOUND':
      return `No context entry found with key '${text}'. ${available(details.values.target)}`;
    case 'NO_PROPERTY_FOUND':
      return details.values.target === null
        ? `No context entry found with key '${text}'. The context is null`
        : `No property found with name '${text}' of value '${shown(details.values.target)}'`;
    default:
      return message;
  }
}

function available(target) {
  const keys = Object.keys(target || {});
  return keys.length ? `Available keys: ${keys.map((key) => `'${key}'`).join(', ')}` : 'The context is empty';
}

function shown(value) {
  const text = JSON.stringify(plain(value));
  return text.length > 100 ? text.slice(0, 100) + '…' : text;
}
