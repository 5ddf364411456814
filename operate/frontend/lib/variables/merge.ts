/* Two edits of one value: what it was, what somebody else made of it, and mine. Merged by key, asked about where both differ. */

import { h } from '../dom';
import { type JsonMember, type JsonNode, parseJson, pretty, same } from '../json';
import { LANGUAGE, texts } from '../texts';
import { type Conflict, type Edit } from './api';

const T = texts({
  en: {
    title: 'Somebody else has changed this meanwhile',
    lead: 'Nothing is saved yet, and nothing you typed is lost. Choose for each value what it shall be.',
    deleted: 'deleted',
    nothing: 'not there',
    was: 'Was',
    theirs: 'Theirs',
    mine: 'Mine',
    merged: 'merged by itself',
    allMine: 'All mine',
    allTheirs: 'All theirs',
    back: 'Keep editing',
    save: 'Save the result',
    whole: 'whole value',
    by: (who: string, at: string) => ` · changed by ${who}, ${at}`,
  },
  de: {
    title: 'Jemand anders hat dies inzwischen geändert',
    lead: 'Noch ist nichts gespeichert, und keine Eingabe ist verloren. Wählen Sie für jeden Wert, was gelten soll.',
    deleted: 'gelöscht',
    nothing: 'nicht vorhanden',
    was: 'Vorher',
    theirs: 'Andere',
    mine: 'Meine',
    merged: 'von selbst zusammengeführt',
    allMine: 'Alle meine',
    allTheirs: 'Alle anderen',
    back: 'Weiter bearbeiten',
    save: 'Ergebnis speichern',
    whole: 'ganzer Wert',
    by: (who, at) => ` · geändert von ${who}, ${at}`,
  },
});

type Side = 'theirs' | 'mine';
type Text = string | null;

/** A place in a value at which the sides differ. */
export interface Difference {
  path: string[];
  was: Text;
  theirs: Text;
  mine: Text;
  /** Only one side has changed it, so that is what it becomes. */
  settled: Side | null;
}

/** Everything at which two edits of a value differ. */
export function differences(was: Text, theirs: Text, mine: Text): Difference[] {
  const found: Difference[] = [];
  const read = (text: Text): Part => (text === null ? null : { text, node: parseJson(text).root as JsonNode });
  compare([], read(was), read(theirs), read(mine), found);
  return found;
}

/** What a change of one value comes down to: the innermost places that differ, each as was and now. */
export function changedPlaces(name: string, before: Text, after: Text): { path: string; before: Text; after: Text }[] {
  return differences(before, before, after).map((each) => ({
    path: [name, ...each.path].join(' › '),
    before: each.was,
    after: each.mine,
  }));
}

type Part = { text: string; node: JsonNode } | null;

const raw = (part: Part): Text => part && part.text.slice(part.node.from, part.node.to);

function equal(left: Part, right: Part): boolean {
  return left === null || right === null ? left === right : same(left.text, left.node, right.text, right.node);
}

function compare(path: string[], was: Part, theirs: Part, mine: Part, found: Difference[]): void {
  if (equal(theirs, mine)) {
    return;
  }
  const objects = [theirs, mine].every((part) => part?.node.kind === 'object');
  if (objects && (was === null || was.node.kind === 'object')) {
    const names = new Set([was, theirs, mine].flatMap((part) => part?.node.members.map((member) => member.name) ?? []));
    for (const name of names) {
      compare([...path, name], inside(was, name), inside(theirs, name), inside(mine, name), found);
    }
    return;
  }
  const settled = equal(was, mine) ? 'theirs' : equal(was, theirs) ? 'mine' : null;
  found.push({ path, was: raw(was), theirs: raw(theirs), mine: raw(mine), settled });
}

function inside(part: Part, name: string): Part {
  const member = part?.node.members.find((each) => each.name === name);
  return part && member ? { text: part.text, node: member.value } : null;
}

/** Theirs, with those differences taken from mine that were chosen so; null where the value shall be gone. */
export function merged(theirs: Text, mine: Text, list: readonly Difference[], chosen: readonly Side[]): Text {
  const whole = list.findIndex((difference) => difference.path.length === 0);
  if (whole >= 0) {
    return chosen[whole] === 'mine' ? mine : theirs;
  }
  if (theirs === null) {
    return mine;
  }
  const root = parseJson(theirs).root;
  if (!root) {
    return theirs;
  }
  const taken = list.filter((_difference, position) => chosen[position] === 'mine');
  return pretty(rebuilt(theirs, root, taken, 0));
}

function rebuilt(text: string, node: JsonNode, taken: readonly Difference[], depth: number): string {
  if (!taken.length) {
    return text.slice(node.from, node.to);
  }
  const known = new Set(node.members.map((member) => member.name));
  const rest = (name: string): Difference[] => taken.filter((difference) => difference.path[depth] === name);
  const kept = node.members.map((member): [string, Text] => [
    member.name,
    withTaken(text, member, rest(member.name), depth),
  ]);
  const added = taken
    .filter((difference) => !known.has(difference.path[depth] ?? '') && difference.path.length === depth + 1)
    .map((difference): [string, Text] => [difference.path[depth] ?? '', difference.mine]);
  const parts = [...kept, ...added].filter(([, value]) => value !== null);
  return `{${parts.map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(', ')}}`;
}

function withTaken(text: string, member: JsonMember, taken: readonly Difference[], depth: number): Text {
  const here = taken.find((difference) => difference.path.length === depth + 1);
  return here ? here.mine : rebuilt(text, member.value, taken, depth + 1);
}

/** Ask what shall become of each conflict; resolves with the edit to send next, or null to go on editing. */
export function resolve(dialog: HTMLDialogElement, edit: Edit, conflicts: readonly Conflict[]): Promise<Edit | null> {
  const sections = conflicts.map((conflict) => new Section(conflict, () => show()));
  const save = h('button', { type: 'button', class: 'ft-button ft-button-primary' }, T.save);
  const choose = (side: Side): void => {
    sections.forEach((section) => section.chooseAll(side));
    show();
  };
  const show = (): void => {
    save.disabled = sections.some((section) => !section.isDecided);
    save.title = save.disabled ? T.lead : '';
  };
  dialog.replaceChildren(
    h(
      'header',
      { class: 'ft-dialog-header' },
      h('h2', { id: 'ask-title' }, T.title),
      h('p', { class: 'ft-subtle' }, T.lead),
    ),
    h('div', { class: 'ft-dialog-body' }, ...sections.map((section) => section.element)),
    h(
      'footer',
      { class: 'ft-dialog-footer' },
      h('button', { type: 'button', class: 'ft-button ft-button-plain', onclick: () => choose('mine') }, T.allMine),
      h('button', { type: 'button', class: 'ft-button ft-button-plain', onclick: () => choose('theirs') }, T.allTheirs),
      h('span', { class: 'ft-grow' }),
      h('button', { type: 'button', class: 'ft-button', onclick: () => dialog.close() }, T.back),
      save,
    ),
  );
  dialog.classList.add('ft-dialog-wide');
  show();
  dialog.showModal();
  return new Promise((done) => {
    let result: Edit | null = null;
    save.addEventListener('click', () => {
      result = sections.reduce((changed, section) => section.applyTo(changed), {
        ...edit,
        set: { ...edit.set },
        delete: [...edit.delete],
        seen: { ...edit.seen },
      });
      dialog.close();
    });
    dialog.addEventListener(
      'close',
      () => {
        dialog.classList.remove('ft-dialog-wide');
        done(result);
      },
      { once: true },
    );
  });
}

class Section {
  readonly element: HTMLElement;
  private readonly list: Difference[];
  private readonly chosen: (Side | null)[];
  private readonly inputs: Record<Side, HTMLInputElement>[] = [];

  constructor(
    private readonly conflict: Conflict,
    private readonly onChoose: () => void,
  ) {
    const { was, theirs, mine } = conflict;
    this.list = differences(was?.text ?? null, theirs?.text ?? null, mine?.text ?? null);
    this.chosen = this.list.map((difference) => difference.settled);
    this.element = this.drawn();
  }

  get isDecided(): boolean {
    return !this.chosen.includes(null);
  }

  chooseAll(side: Side): void {
    this.list.forEach((difference, position) => {
      if (!difference.settled) {
        this.choose(position, side);
      }
    });
  }

  applyTo(edit: Edit): Edit {
    const { name, theirs, mine } = this.conflict;
    const text = merged(theirs?.text ?? null, mine?.text ?? null, this.list, this.chosen as Side[]);
    delete edit.set[name];
    edit.delete = edit.delete.filter((each) => each !== name);
    edit.seen[name] = theirs?.version ?? null;
    if (this.chosen.includes('mine') && text === null) {
      edit.delete.push(name);
    } else if (this.chosen.includes('mine') && text !== null) {
      edit.set[name] = mine?.type && text === mine.text ? { text, type: mine.type } : { text };
    }
    return edit;
  }

  private choose(position: number, side: Side): void {
    this.chosen[position] = side;
    const input = this.inputs[position]?.[side];
    if (input) {
      input.checked = true;
    }
    this.onChoose();
  }

  private drawn(): HTMLElement {
    const by = this.conflict.theirs_by;
    const heading = h(
      'h3',
      { class: 'ft-subheading' },
      this.conflict.name,
      by && h('span', { class: 'ft-subtle' }, T.by(by.who, new Date(by.at).toLocaleTimeString(LANGUAGE))),
    );
    const head = h('tr', {}, ...['', T.was, T.theirs, T.mine].map((text) => h('th', { scope: 'col' }, text)));
    const body = h('tbody', {}, ...this.list.map((difference, position) => this.row(difference, position)));
    return h(
      'section',
      { 'data-conflict': this.conflict.name },
      heading,
      h('table', { class: 'ft-table ft-merge' }, h('thead', {}, head), body),
    );
  }

  private row(difference: Difference, position: number): HTMLElement {
    const group = `merge-${this.conflict.name}-${position}`;
    const label = difference.path.join(' › ') || T.whole;
    const cell = (side: Side): HTMLElement => {
      const input = h('input', {
        type: 'radio',
        name: group,
        'aria-label': `${label}: ${side === 'mine' ? T.mine : T.theirs}`,
      });
      input.checked = difference.settled === side;
      input.addEventListener('change', () => this.choose(position, side));
      this.inputs[position] = { ...this.inputs[position], [side]: input } as Record<Side, HTMLInputElement>;
      return h('td', {}, h('label', { class: 'ft-merge-choice' }, input, shown(difference[side], difference.was)));
    };
    const name = h('th', { scope: 'row', class: 'ft-mono' }, label);
    if (difference.settled) {
      name.append(h('span', { class: 'ft-badge' }, T.merged));
    }
    return h(
      'tr',
      { 'data-path': label },
      name,
      h('td', {}, shown(difference.was, difference.was)),
      cell('theirs'),
      cell('mine'),
    );
  }
}

function shown(text: Text, was: Text): HTMLElement {
  if (text === null) {
    return h('em', { class: 'ft-subtle' }, was === null ? T.nothing : T.deleted);
  }
  return h('code', { class: text === was ? 'ft-merge-same' : '' }, pretty(text).slice(0, 2000));
}
