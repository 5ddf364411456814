/*
 * JSON as text. Values travel as they were typed and are never turned into JavaScript's numbers, which cannot hold all of
 * them; what is read here are places in the text.
 */

import { texts } from './texts';

const T = texts({
  en: {
    nothing: 'there is nothing',
    noValueHere: 'a value is missing',
    noComma: 'missing comma',
    noCommaAfter: (name: string) => `missing comma after “${name}”`,
    commaTooMany: 'a comma too many',
    noValueBefore: 'a value is missing before the comma',
    noColon: (name: string) => `missing ‘:’ after “${name}”`,
    noClosingQuote: 'missing closing quote (")',
    comments: 'JSON has no comments',
    fault: (message: string, line: number, column: number) =>
      `Invalid JSON format: ${message} (line ${line}, column ${column})`,
    control: 'control characters have to be escaped, a tab as \\t',
    closesNothing: (sign: string) => `‘${sign}’ closes nothing`,
    afterEnd: (sign: string) => `nothing may follow the end, found ‘${sign}’`,
    noValue: (word: string) => `‘${word}’ is no JSON value`,
    write: (word: string) => `, write ${word}`,
    noNumber: (word: string) => `‘${word}’ is no number as JSON has it`,
    noQuotes: (word: string) => `missing quotes around ‘${word}’`,
    singleQuotes: 'texts stand in double quotes ("), not in single ones',
    tooDeep: (depth: number) => `values are nested more than ${depth} deep`,
    trailing: (sign: string) => `trailing comma before ‘${sign}’`,
    neverClosed: (sign: string, missing: string) => `‘${sign}’ is never closed: ‘${missing}’ is missing`,
    duplicate: (name: string, line: number) => `duplicate key “${name}”, it stands in line ${line} already`,
    valueMissing: (name: string) => `the value of “${name}” is missing`,
    colonMissing: (name: string) => `“${name}” has no value: ‘:’ and a value are missing`,
    nameExpected: (sign: string) => `expected a name in quotes, found ‘${sign}’`,
    nameQuotes: (word: string) => `missing quotes around the name ‘${word}’`,
    noEscape: (sign: string) => `‘\\${sign}’ is no escape that JSON knows`,
  },
  de: {
    nothing: 'es ist nichts da',
    noValueHere: 'ein Wert fehlt',
    noComma: 'Komma fehlt',
    noCommaAfter: (name) => `Komma nach „${name}“ fehlt`,
    commaTooMany: 'ein Komma zu viel',
    noValueBefore: 'vor dem Komma fehlt ein Wert',
    noColon: (name) => `„:“ nach „${name}“ fehlt`,
    noClosingQuote: 'schließendes Anführungszeichen (") fehlt',
    comments: 'JSON kennt keine Kommentare',
    fault: (message, line, column) => `Ungültiges JSON: ${message} (Zeile ${line}, Spalte ${column})`,
    control: 'Steuerzeichen müssen maskiert werden, ein Tabulator als \\t',
    closesNothing: (sign) => `„${sign}“ schließt nichts`,
    afterEnd: (sign) => `nach dem Ende darf nichts folgen, gefunden: „${sign}“`,
    noValue: (word) => `„${word}“ ist kein JSON-Wert`,
    write: (word) => `, richtig ist ${word}`,
    noNumber: (word) => `„${word}“ ist keine Zahl, wie JSON sie kennt`,
    noQuotes: (word) => `Anführungszeichen um „${word}“ fehlen`,
    singleQuotes: 'Texte stehen in doppelten Anführungszeichen ("), nicht in einfachen',
    tooDeep: (depth) => `Werte sind mehr als ${depth} Ebenen tief verschachtelt`,
    trailing: (sign) => `überzähliges Komma vor „${sign}“`,
    neverClosed: (sign, missing) => `„${sign}“ wird nie geschlossen: „${missing}“ fehlt`,
    duplicate: (name, line) => `doppelter Schlüssel „${name}“, er steht schon in Zeile ${line}`,
    valueMissing: (name) => `der Wert von „${name}“ fehlt`,
    colonMissing: (name) => `„${name}“ hat keinen Wert: „:“ und ein Wert fehlen`,
    nameExpected: (sign) => `ein Name in Anführungszeichen wird erwartet, gefunden: „${sign}“`,
    nameQuotes: (word) => `Anführungszeichen um den Namen „${word}“ fehlen`,
    noEscape: (sign) => `„\\${sign}“ ist keine Escape-Folge, die JSON kennt`,
  },
});

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

/** A value: where it stands, and what is in it. A fault leaves out what could not be read. */
export interface JsonNode {
  kind: JsonKind;
  from: number;
  to: number;
  members: JsonMember[];
}

/** A property of an object or an item of a list; `name` of an item is its position. */
export interface JsonMember {
  name: string;
  /** Where the name begins, or the value where there is none. */
  from: number;
  value: JsonNode;
}

export interface JsonFault {
  message: string;
  from: number;
  to: number;
  line: number;
  column: number;
}

export interface ParsedJson {
  root: JsonNode | null;
  faults: JsonFault[];
}

const MAX_FAULTS = 50;
const MAX_DEPTH = 200;
const SHOWN = 24;
const NO_MEMBERS: JsonMember[] = [];

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[^\s,:[\]{}"]+/y;
const ESCAPES = '"\\/bfnrtu';

const LARGE = 50_000;
let latest: { text: string; parsed: ParsedJson } | null = null;

/** Read a text as far as it can be read, with everything that is wrong in it. The latest large one is remembered. */
export function parseJson(text: string): ParsedJson {
  if (latest?.text === text) {
    return latest.parsed;
  }
  const parsed = new Reader(text).document();
  if (text.length > LARGE) {
    latest = { text, parsed };
  }
  return parsed;
}

class Reader {
  private at = 0;
  private depth = 0;
  private isOver = false;
  private readonly found: Omit<JsonFault, 'line' | 'column'>[] = [];

  constructor(private readonly text: string) {}

  document(): ParsedJson {
    this.space();
    let root: JsonNode | null = null;
    if (this.at >= this.text.length) {
      this.fault(T.nothing, 0, this.text.length);
    } else {
      root = this.value();
      this.space();
      if (this.at < this.text.length && this.found.length < MAX_FAULTS) {
        const closing = '}]'.includes(this.text[this.at] ?? '');
        this.fault(
          closing ? T.closesNothing(this.text[this.at] ?? '') : T.afterEnd(this.shown(this.at)),
          this.at,
          this.at + 1,
        );
      }
    }
    return { root, faults: this.placed() };
  }

  private value(): JsonNode | null {
    const from = this.at;
    const code = this.text.charCodeAt(from);
    if (code === 123 || code === 91) {
      return this.container(code === 123);
    }
    if (code === 34) {
      this.string();
      return this.scalar('string', from);
    }
    NUMBER.lastIndex = from;
    const number = code === 45 || (code >= 48 && code <= 57) ? NUMBER.exec(this.text) : null;
    WORD.lastIndex = from;
    const word = WORD.exec(this.text)?.[0] ?? '';
    if (number && number[0] === word) {
      this.at = NUMBER.lastIndex;
      return this.scalar('number', from);
    }
    if (word === 'true' || word === 'false' || word === 'null') {
      this.at += word.length;
      return this.scalar(word === 'null' ? 'null' : 'boolean', from);
    }
    return this.wrong(word, from);
  }

  private scalar(kind: JsonKind, from: number): JsonNode {
    return { kind, from, to: this.at, members: NO_MEMBERS };
  }

  /** Something stands where a value should, that is none: say so, step over it, go on as if it were a text. */
  private wrong(word: string, from: number): JsonNode | null {
    if (!word) {
      this.fault(T.noValueHere, from, from + 1);
      return null;
    }
    if (word.startsWith("'")) {
      return this.singleQuoted(from);
    }
    this.at += word.length;
    if (/^(?:True|False|None|NaN|-?Infinity|undefined)$/.test(word)) {
      const instead: Record<string, string> = { True: 'true', False: 'false', None: 'null', undefined: 'null' };
      this.fault(`${T.noValue(word)}${instead[word] ? T.write(instead[word]) : ''}`, from, this.at);
    } else if (/^[-+.\d]/.test(word)) {
      this.fault(T.noNumber(short(word)), from, this.at);
    } else {
      // words up to the end of the line or the next sign: a text without its quotes
      while (this.at < this.text.length && !/[\n,:[\]{}"]/.test(this.text[this.at] ?? '')) {
        this.at++;
      }
      this.at = from + this.text.slice(from, this.at).trimEnd().length;
      this.fault(T.noQuotes(short(this.text.slice(from, this.at))), from, this.at);
    }
    return this.scalar('string', from);
  }

  private singleQuoted(from: number): JsonNode {
    const line = this.text.indexOf('\n', from);
    const end = this.text.indexOf("'", from + 1);
    this.at = end > 0 && (line < 0 || end < line) ? end + 1 : line < 0 ? this.text.length : line;
    this.fault(T.singleQuotes, from, this.at);
    return this.scalar('string', from);
  }

  private container(isObject: boolean): JsonNode {
    const node: JsonNode = { kind: isObject ? 'object' : 'array', from: this.at, to: this.at, members: [] };
    const closing = isObject ? 125 : 93;
    const names = new Map<string, number>();
    this.at++;
    if (++this.depth > MAX_DEPTH) {
      this.fault(T.tooDeep(MAX_DEPTH), node.from, node.from + 1);
      this.isOver = true;
      this.at = this.text.length;
    }
    let comma = -1;
    for (;;) {
      this.space();
      const code = this.text.charCodeAt(this.at);
      if (this.at >= this.text.length || this.found.length >= MAX_FAULTS) {
        this.unclosed(node);
        break;
      }
      if (code === closing) {
        if (comma >= 0) {
          this.fault(T.trailing(this.text[this.at] ?? ''), comma, comma + 1);
        }
        this.at++;
        break;
      }
      if (code === 125 || code === 93) {
        // the bracket of somebody further out, or the wrong one
        this.unclosed(node);
        break;
      }
      if (code === 44) {
        this.fault(node.members.length ? T.commaTooMany : T.noValueBefore, this.at, this.at + 1);
        this.at++;
        continue;
      }
      if (node.members.length && comma < 0) {
        const end = node.members.at(-1)?.value.to ?? this.at;
        const last = isObject ? T.noCommaAfter(short(node.members.at(-1)?.name ?? '')) : T.noComma;
        this.fault(last, Math.max(end - 1, 0), end);
      }
      const before = this.at;
      const member = isObject ? this.property(names) : this.item(node.members.length);
      if (member) {
        node.members.push(member);
      }
      if (this.at === before) {
        this.at++;
      }
      this.space();
      comma = this.text.charCodeAt(this.at) === 44 ? this.at++ : -1;
      if (!member && comma < 0 && this.found.length >= MAX_FAULTS) {
        break;
      }
    }
    this.depth--;
    node.to = this.at;
    return node;
  }

  private unclosed(node: JsonNode): void {
    const sign = this.text[node.from] ?? '';
    this.fault(T.neverClosed(sign, sign === '{' ? '}' : ']'), node.from, node.from + 1);
  }

  private item(position: number): JsonMember | null {
    const value = this.value();
    return value && { name: String(position), from: value.from, value };
  }

  private property(names: Map<string, number>): JsonMember | null {
    const from = this.at;
    const name = this.name();
    if (name === null) {
      return null;
    }
    const earlier = names.get(name);
    if (earlier !== undefined) {
      const line = lineOf(this.text, earlier);
      this.fault(T.duplicate(short(name), line), from, this.at);
    } else {
      names.set(name, from);
    }
    const end = this.at;
    this.space();
    if (this.text.charCodeAt(this.at) === 58) {
      this.at++;
      this.space();
      if ([44, 125, 93].includes(this.text.charCodeAt(this.at)) || this.at >= this.text.length) {
        this.fault(T.valueMissing(short(name)), from, end);
        return null;
      }
    } else if ([44, 125, 93].includes(this.text.charCodeAt(this.at)) || this.at >= this.text.length) {
      this.fault(T.colonMissing(short(name)), from, end);
      return null;
    } else {
      this.fault(T.noColon(short(name)), from, end);
    }
    const value = this.value();
    return value && { name, from, value };
  }

  private name(): string | null {
    const from = this.at;
    if (this.text.charCodeAt(from) === 34) {
      const sound = this.string();
      const raw = this.text.slice(from, this.at);
      return sound && raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, sound ? -1 : undefined);
    }
    if (this.text[from] === "'") {
      this.singleQuoted(from);
      return this.text.slice(from + 1, this.at).replace(/'$/, '');
    }
    WORD.lastIndex = from;
    const word = WORD.exec(this.text)?.[0];
    if (!word) {
      this.fault(T.nameExpected(this.text[from] ?? ''), from, from + 1);
      return null;
    }
    this.at += word.length;
    this.fault(T.nameQuotes(short(word)), from, this.at);
    return word;
  }

  /** Step over a text; false if it is faulty. */
  private string(): boolean {
    const from = this.at++;
    let sound = true;
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code === 34) {
        this.at++;
        return sound;
      }
      if (Number.isNaN(code) || code === 10 || code === 13) {
        this.fault(T.noClosingQuote, from, this.at);
        return false;
      }
      if (code === 92) {
        const next = this.text[this.at + 1] ?? '';
        const isUnicode = next === 'u';
        if (
          !ESCAPES.includes(next) ||
          (isUnicode && !/^[\da-fA-F]{4}/.test(this.text.slice(this.at + 2, this.at + 6)))
        ) {
          this.fault(T.noEscape(next), this.at, this.at + 2);
          sound = false;
        }
        this.at += next === '\n' || next === '' ? 1 : 2;
        continue;
      }
      if (code < 32) {
        this.fault(T.control, this.at, this.at + 1);
        sound = false;
      }
      this.at++;
    }
  }

  private space(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code === 32 || code === 10 || code === 13 || code === 9) {
        this.at++;
      } else if (code === 47 && '/*'.includes(this.text[this.at + 1] || ' ')) {
        this.comment();
      } else {
        return;
      }
    }
  }

  private comment(): void {
    const from = this.at;
    const isBlock = this.text[from + 1] === '*';
    const end = this.text.indexOf(isBlock ? '*/' : '\n', from);
    this.at = end < 0 ? this.text.length : end + (isBlock ? 2 : 0);
    this.fault(T.comments, from, this.at);
  }

  private shown(at: number): string {
    return short(/^[^\n]*/.exec(this.text.slice(at, at + SHOWN + 1))?.[0] ?? '');
  }

  private fault(message: string, from: number, to: number): void {
    if (this.found.length < MAX_FAULTS && !this.isOver) {
      this.found.push({ message, from, to });
    }
  }

  private placed(): JsonFault[] {
    return this.found
      .sort((left, right) => left.from - right.from)
      .map((fault) => {
        const line = lineOf(this.text, fault.from);
        return { ...fault, line, column: fault.from - this.text.lastIndexOf('\n', fault.from - 1) };
      });
  }
}

function lineOf(text: string, at: number): number {
  let line = 1;
  for (let next = text.indexOf('\n'); next >= 0 && next < at; next = text.indexOf('\n', next + 1)) {
    line++;
  }
  return line;
}

function short(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/** The fault in one sentence, with its place. */
export function told(fault: JsonFault): string {
  return T.fault(fault.message, fault.line, fault.column);
}

/** What is wrong first in a text, in one sentence, or null. */
export function faultIn(text: string): string | null {
  const fault = parseJson(text).faults[0];
  return fault ? told(fault) : null;
}

/** The same JSON indented, each scalar as it was typed. The text has to be valid. */
export function pretty(text: string, depth = 0): string {
  const root = parseJson(text).root;
  return root ? prettyNode(text, root, depth) : text;
}

export function prettyNode(text: string, root: JsonNode, depth = 0): string {
  const parts: string[] = [];
  const write = (node: JsonNode, level: number): void => {
    if (!node.members.length) {
      const isEmpty = node.kind === 'object' ? '{}' : node.kind === 'array' ? '[]' : null;
      parts.push(isEmpty ?? text.slice(node.from, node.to));
      return;
    }
    const isObject = node.kind === 'object';
    const inner = '\n' + '  '.repeat(level + 1);
    parts.push(isObject ? '{' : '[');
    node.members.forEach((member, position) => {
      parts.push(position ? ',' : '', inner, isObject ? `${JSON.stringify(member.name)}: ` : '');
      write(member.value, level + 1);
    });
    parts.push('\n', '  '.repeat(level), isObject ? '}' : ']');
  };
  write(root, depth);
  return parts.join('');
}

/** Whether two nodes say the same, whatever the spaces and the order of the properties. Numbers count as typed. */
export function same(leftText: string, left: JsonNode, rightText: string, right: JsonNode): boolean {
  if (left.kind !== right.kind || left.members.length !== right.members.length) {
    return false;
  }
  if (left.kind === 'array') {
    return left.members.every((item, position) => {
      const other = right.members[position];
      return other !== undefined && same(leftText, item.value, rightText, other.value);
    });
  }
  if (left.kind === 'object') {
    const others = new Map(right.members.map((member) => [member.name, member.value]));
    return left.members.every((member) => {
      const other = others.get(member.name);
      return other !== undefined && same(leftText, member.value, rightText, other);
    });
  }
  const [mine, other] = [leftText.slice(left.from, left.to), rightText.slice(right.from, right.to)];
  return mine === other || (left.kind === 'string' && JSON.parse(mine) === JSON.parse(other));
}

/** As `same`, for texts; null stands for what does not exist. */
export function sameText(left: string | null, right: string | null): boolean {
  if (left === null || right === null || left === right) {
    return left === right;
  }
  const [leftRoot, rightRoot] = [parseJson(left).root, parseJson(right).root];
  return leftRoot !== null && rightRoot !== null && same(left, leftRoot, right, rightRoot);
}

/** Several values, each as its own text, as one document. */
export function documentOf(values: ReadonlyMap<string, string>): string {
  const lines = [...values].map(([name, text]) => `  ${JSON.stringify(name)}: ${pretty(text, 1)}`);
  return lines.length ? `{\n${lines.join(',\n')}\n}` : '{}';
}

export interface DocumentChange {
  /** By name the new text of what was added or changed. */
  set: Map<string, string>;
  added: string[];
  changed: string[];
  removed: string[];
}

/** What differs between values and a document of them; the document has to be a valid object. */
export function changeOf(values: ReadonlyMap<string, string>, document: string, root: JsonNode): DocumentChange {
  const change: DocumentChange = { set: new Map(), added: [], changed: [], removed: [] };
  const present = new Set<string>();
  for (const member of root.members) {
    present.add(member.name);
    const former = values.get(member.name);
    const text = document.slice(member.value.from, member.value.to);
    if (former === undefined) {
      change.added.push(member.name);
      change.set.set(member.name, text);
    } else if (former !== text && !sameText(former, text)) {
      change.changed.push(member.name);
      change.set.set(member.name, text);
    }
  }
  change.removed = [...values.keys()].filter((name) => !present.has(name));
  return change;
}

/** The node at a path of names below a root. */
export function nodeAt(root: JsonNode, path: readonly string[]): JsonMember | null {
  let found: JsonMember | null = null;
  let node = root;
  for (const name of path) {
    found = node.members.find((member) => member.name === name) ?? null;
    if (!found) {
      return null;
    }
    node = found.value;
  }
  return found;
}

/** The text of the value at a path, null if there is none. */
export function valueAt(text: string, path: readonly string[]): string | null {
  const root = parseJson(text).root;
  const node = root && (path.length ? nodeAt(root, path)?.value : root);
  return node ? text.slice(node.from, node.to) : null;
}

/** A text with the value at a path replaced. */
export function replaced(text: string, path: readonly string[], value: string): string {
  const root = parseJson(text).root;
  const node = root && (path.length ? nodeAt(root, path)?.value : root);
  return node ? text.slice(0, node.from) + value + text.slice(node.to) : text;
}

/** A text without the property or item at a path. */
export function without(text: string, path: readonly string[]): string {
  return rebuilt(text, path.slice(0, -1), (members) => members.filter(([name]) => name !== path.at(-1)));
}

/** A text with one more property or item in the object or list at a path. */
export function withMember(text: string, path: readonly string[], name: string, value: string): string {
  return rebuilt(text, path, (members) => [...members, [name, value]]);
}

type Entry = [name: string, text: string];

function rebuilt(text: string, path: readonly string[], change: (members: Entry[]) => Entry[]): string {
  const root = parseJson(text).root;
  const node = root && (path.length ? nodeAt(root, path)?.value : root);
  if (!node) {
    return text;
  }
  const entries = node.members.map(({ name, value }): Entry => [name, text.slice(value.from, value.to)]);
  const isObject = node.kind === 'object';
  const inner = change(entries).map(([name, value]) => (isObject ? `${JSON.stringify(name)}: ${value}` : value));
  const now = isObject ? `{${inner.join(', ')}}` : `[${inner.join(', ')}]`;
  return text.slice(0, node.from) + now + text.slice(node.to);
}
