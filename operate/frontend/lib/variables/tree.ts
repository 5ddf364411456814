/*
 * The tree view: the rows of the variables, opened into what is in them. Rows are made only for what is open; long lists
 * are grouped, so that a value of several megabytes opens at once.
 */

import { h } from '../dom';
import { type JsonKind, type JsonNode, parseJson } from '../json';
import { shortcuts } from '../shortcuts';
import { texts } from '../texts';
import { preview, type Values } from './values';

const T = texts({
  en: {
    open: (name: string) => `Open ${name}`,
    edit: (name: string) => `Edit ${name}`,
    remove: (name: string) => `Delete ${name}`,
    add: (name: string) => `Add to ${name}`,
    history: (name: string) => `History of ${name}`,
    doubleClick: 'Double-click to edit',
    none: 'Nothing here contains that.',
    more: (count: number) => `${count} more places; type more to narrow it down`,
  },
  de: {
    open: (name) => `${name} öffnen`,
    edit: (name) => `${name} bearbeiten`,
    remove: (name) => `${name} löschen`,
    add: (name) => `Zu ${name} hinzufügen`,
    history: (name) => `Verlauf von ${name}`,
    doubleClick: 'Doppelklick zum Bearbeiten',
    none: 'Hier enthält nichts diesen Text.',
    more: (count) => `${count} weitere Stellen; ausführlicherer Suchtext grenzt sie ein`,
  },
});

const KEYS = texts({
  en: { move: 'Up and down', open: 'Open and close', edit: 'Edit the value', remove: 'Delete' },
  de: { move: 'Auf und ab', open: 'Auf- und zuklappen', edit: 'Wert bearbeiten', remove: 'Löschen' },
});
const isShown = (): boolean => document.querySelector('.ft-vars-table')?.checkVisibility() ?? false;
shortcuts(
  'variables',
  { keys: 'ArrowUp|ArrowDown', label: KEYS.move, when: isShown },
  { keys: 'ArrowRight|ArrowLeft', label: KEYS.open, when: isShown },
  { keys: 'Enter|F2', label: KEYS.edit, when: isShown },
  { keys: 'Delete', label: KEYS.remove, when: isShown },
);

const GROUP = 100;
const MOST_MATCHES = 200;
const KINDS: Record<JsonKind, string> = {
  object: 'object',
  array: 'list',
  string: 'text',
  number: 'number',
  boolean: 'yes/no',
  null: 'null',
};

/** Where a row belongs: a variable, and a path into its value. */
export interface Place {
  variable: string;
  path: string[];
}

export class Tree {
  /** What is open, by variable and path, so that it stays open when the rows are replaced. */
  private readonly opened = new Set<string>();
  private search = '';
  private searching = 0;

  constructor(
    private readonly panel: HTMLElement,
    private readonly values: () => Values,
  ) {
    panel.addEventListener('keydown', (event) => this.key(event));
  }

  /** The rows are new: open again what was open, and search again. */
  async shown(): Promise<void> {
    const { mayEdit } = this.values();
    this.tops().forEach((row, position) => {
      row.tabIndex = position ? -1 : 0;
      const cell = row.querySelector('.ft-actions');
      if (cell && !cell.firstChild) {
        const isCollection = row.querySelector('.ft-json-object, .ft-json-array') !== null;
        cell.append(...actions(row.dataset.variable ?? '', isCollection, mayEdit, true));
      }
    });
    if (this.search) {
      await this.find(this.search);
      return;
    }
    for (const name of [...this.values().known.keys()]) {
      if (this.opened.has(keyOf({ variable: name, path: [] }))) {
        await this.open(name);
      }
    }
  }

  /** Open or close the row of a variable, or one inside a value. */
  async toggle(row: HTMLTableRowElement): Promise<void> {
    const place = placeOf(row);
    if (row.getAttribute('aria-expanded') === 'true') {
      this.opened.delete(keyOf(place, row.dataset.from));
      this.close(row);
    } else if (row.hasAttribute('aria-expanded')) {
      this.opened.add(keyOf(place, row.dataset.from));
      await this.expand(row);
    }
  }

  /** Show only what contains the text, in names or values, however deep. */
  async find(text: string): Promise<void> {
    this.search = text.trim().toLowerCase();
    const mine = ++this.searching;
    const values = this.values();
    const body = this.panel.querySelector('tbody');
    if (!this.search) {
      for (const row of this.tops()) {
        row.hidden = false;
        this.close(row);
        this.markTop(row);
      }
      this.note('');
      body && (await this.shown());
      return;
    }
    const texts = this.search.length > 1 ? await values.all() : new Map<string, string>();
    if (mine !== this.searching) {
      return;
    }
    let left = MOST_MATCHES;
    let missed = 0;
    let matches = 0;
    for (const row of this.tops()) {
      const name = row.dataset.variable ?? '';
      this.close(row);
      const text = texts.get(name) ?? values.textAtHand(name) ?? '';
      const hit = name.toLowerCase().includes(this.search);
      const isContainer = /^\s*[[{]/.test(text);
      const found = matching(isContainer ? text : '', this.search, left);
      left -= found.hits;
      missed += found.more;
      this.markTop(row);
      row.hidden = !hit && !(isContainer ? found.hits + found.more : text.toLowerCase().includes(this.search));
      matches += row.hidden ? 0 : 1;
      if (found.hits && found.root) {
        this.insertMembers(row, { text, node: found.root, only: found.nodes });
      }
    }
    this.note(matches ? (missed ? T.more(missed) : '') : T.none);
  }

  private note(text: string): void {
    const place = this.panel.querySelector<HTMLElement>('[data-search-note]');
    if (place) {
      place.textContent = text;
    }
  }

  private async open(name: string): Promise<void> {
    const row = this.values().known.get(name)?.row;
    if (row?.getAttribute('aria-expanded') === 'false') {
      await this.expand(row);
    }
  }

  private async expand(row: HTMLTableRowElement): Promise<void> {
    const place = placeOf(row);
    row.setAttribute('aria-busy', 'true');
    try {
      const text = await this.values().text(place.variable);
      const node = at(parseJson(text).root, place.path);
      if (node && row.isConnected && row.getAttribute('aria-expanded') === 'false') {
        this.insertMembers(row, { text, node, only: null });
      }
    } finally {
      row.removeAttribute('aria-busy');
    }
  }

  private close(row: HTMLTableRowElement): void {
    if (row.getAttribute('aria-expanded') !== 'true') {
      return;
    }
    row.setAttribute('aria-expanded', 'false');
    for (let next = row.nextElementSibling; next && levelOf(next) > levelOf(row); next = row.nextElementSibling) {
      next.remove();
    }
  }

  /** Put rows for what is in a value below its row: as many as fit into a group, else groups of them. */
  private insertMembers(
    row: HTMLTableRowElement,
    of: { text: string; node: JsonNode; only: Set<JsonNode> | null },
  ): void {
    row.setAttribute('aria-expanded', 'true');
    const place = placeOf(row);
    const { text, node, only } = of;
    const from = Number(row.dataset.from ?? 0);
    const to = Number(row.dataset.to ?? node.members.length);
    const made: HTMLTableRowElement[] = [];
    if (!only && to - from > GROUP) {
      let size = GROUP;
      while ((to - from) / size > GROUP) {
        size *= GROUP;
      }
      for (let start = from; start < to; start += size) {
        made.push(this.groupRow(place, levelOf(row) + 1, start, Math.min(start + size, to)));
      }
    } else {
      for (const member of node.members.slice(from, to)) {
        if (!only || only.has(member.value)) {
          made.push(
            this.memberRow({ ...place, path: [...place.path, member.name] }, levelOf(row) + 1, text, member.value),
          );
        }
      }
    }
    row.after(...made);
    for (const each of made) {
      const inner = at(node, placeOf(each).path.slice(place.path.length));
      const isOpen = only
        ? inner?.members.some((member) => only.has(member.value))
        : this.opened.has(keyOf(placeOf(each), each.dataset.from));
      if (isOpen && inner && each.hasAttribute('aria-expanded')) {
        this.insertMembers(each, { text, node: inner, only });
      }
    }
  }

  private memberRow(place: Place, level: number, text: string, node: JsonNode): HTMLTableRowElement {
    const name = place.path.at(-1) ?? '';
    const value = text.slice(node.from, Math.min(node.to, node.from + 600));
    const isContainer = node.members.length > 0;
    const isCollection = node.kind === 'object' || node.kind === 'array';
    const path = [place.variable, ...place.path].join(' › ');
    const off = this.values().why;
    const code = h('code', { class: `ft-json-${node.kind}`, title: off ? null : T.doubleClick });
    code.append(...(isContainer ? [preview(value)] : this.marked(preview(value))));
    return h(
      'tr',
      {
        role: 'row',
        'aria-level': level,
        'aria-expanded': isContainer ? 'false' : null,
        'data-of': place.variable,
        'data-path': JSON.stringify(place.path),
        tabindex: -1,
      },
      h(
        'td',
        { class: 'ft-mono ft-var-name', role: 'gridcell', style: `--level: ${level - 1}`, title: path },
        isContainer ? chevron(path) : h('span', { class: 'ft-var-leaf' }),
        h('span', { class: 'ft-var-key' }, ...this.marked(name)),
      ),
      h('td', { class: 'ft-var-value', role: 'gridcell' }, code),
      h(
        'td',
        { class: 'ft-subtle ft-var-type', role: 'gridcell' },
        isCollection ? `${KINDS[node.kind]} · ${node.members.length}` : KINDS[node.kind],
      ),
      h('td', { class: 'ft-actions', role: 'gridcell' }, ...actions(path, isCollection, !off, false)),
    );
  }

  private groupRow(place: Place, level: number, from: number, to: number): HTMLTableRowElement {
    const name = `${from} … ${to - 1}`;
    return h(
      'tr',
      {
        role: 'row',
        'aria-level': level,
        'aria-expanded': 'false',
        'data-of': place.variable,
        'data-path': JSON.stringify(place.path),
        'data-from': from,
        'data-to': to,
        tabindex: -1,
      },
      h(
        'td',
        { class: 'ft-mono ft-var-name', role: 'gridcell', style: `--level: ${level - 1}` },
        chevron(name),
        h('span', { class: 'ft-subtle' }, name),
      ),
      h('td', { class: 'ft-var-value', role: 'gridcell', colspan: 3 }),
    );
  }

  private marked(text: string): (Node | string)[] {
    const position = this.search ? text.toLowerCase().indexOf(this.search) : -1;
    if (position < 0) {
      return [text];
    }
    const end = position + this.search.length;
    return [text.slice(0, position), h('mark', {}, text.slice(position, end)), text.slice(end)];
  }

  /** Mark what was found in a row that the server has rendered. */
  private markTop(row: HTMLTableRowElement): void {
    const places = row.querySelectorAll('.ft-var-key, .ft-var-value > code:not(.ft-json-object, .ft-json-array)');
    places.forEach((place) => place.replaceChildren(...this.marked(place.textContent ?? '')));
  }

  private tops(): HTMLTableRowElement[] {
    return [...this.values().known.values()].map((each) => each.row);
  }

  private rows(): HTMLTableRowElement[] {
    return [...this.panel.querySelectorAll<HTMLTableRowElement>('tr[aria-level]')].filter((row) => !row.hidden);
  }

  private key(event: KeyboardEvent): void {
    const row = event.target as HTMLTableRowElement;
    if (!row.matches('tr[aria-level]') || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const rows = this.rows();
    const move = (to: HTMLTableRowElement | undefined): void => {
      if (to) {
        row.tabIndex = -1;
        to.tabIndex = 0;
        to.focus();
      }
    };
    const press = (selector: string): void => row.querySelector<HTMLElement>(selector)?.click();
    const here = rows.indexOf(row);
    const isOpen = row.getAttribute('aria-expanded');
    const keys: Record<string, () => void> = {
      ArrowDown: () => move(rows[here + 1]),
      ArrowUp: () => move(rows[here - 1]),
      Home: () => move(rows[0]),
      End: () => move(rows.at(-1)),
      ArrowRight: () => (isOpen === 'false' ? void this.toggle(row) : isOpen && move(rows[here + 1])),
      ArrowLeft: () =>
        isOpen === 'true'
          ? void this.toggle(row)
          : move(rows.slice(0, here).findLast((each) => levelOf(each) < levelOf(row))),
      Enter: () => press('[data-edit-variable]'),
      F2: () => press('[data-edit-variable]'),
      Delete: () => press('[data-delete-variable]'),
    };
    const act = keys[event.key];
    if (act) {
      event.preventDefault();
      event.stopPropagation();
      act();
    }
  }
}

export function placeOf(row: HTMLElement): Place {
  return {
    variable: row.dataset.variable ?? row.dataset.of ?? '',
    path: JSON.parse(row.dataset.path ?? '[]') as string[],
  };
}

function keyOf(place: Place, group = ''): string {
  return JSON.stringify([place.variable, place.path, group]);
}

function levelOf(row: Element): number {
  return Number(row.getAttribute('aria-level') ?? 1);
}

function at(root: JsonNode | null, path: readonly string[]): JsonNode | null {
  let node = root;
  for (const name of path) {
    // items are found by their position, not by looking at all of them
    const member =
      node?.kind === 'array' ? node.members[Number(name)] : node?.members.find((each) => each.name === name);
    node = member?.value ?? null;
  }
  return node;
}

function chevron(name: string): HTMLElement {
  return h(
    'button',
    { type: 'button', class: 'ft-var-toggle', 'data-toggle': true, 'aria-label': T.open(name), tabindex: -1 },
    h('span', { class: 'material-symbols-outlined', 'aria-hidden': 'true' }, 'chevron_right'),
  );
}

/** What can be done with a value, as buttons. */
function actions(name: string, isCollection: boolean, mayEdit: boolean, isVariable: boolean): HTMLElement[] {
  return [
    ...(isVariable ? [iconButton('history', 'data-history', T.history(name))] : []),
    ...(mayEdit && isCollection ? [iconButton('add', 'data-add-member', T.add(name))] : []),
    ...(mayEdit ? [iconButton('edit', 'data-edit-variable', T.edit(name))] : []),
    ...(mayEdit ? [iconButton('delete', 'data-delete-variable', T.remove(name))] : []),
  ];
}

function iconButton(icon: string, mark: string, label: string): HTMLElement {
  return h(
    'button',
    { type: 'button', class: 'ft-icon-button', [mark]: true, 'aria-label': label, title: label, tabindex: -1 },
    h('span', { class: 'material-symbols-outlined', 'aria-hidden': 'true' }, icon),
  );
}

/** The nodes to show for a search: those that match, and what they are in. */
function matching(
  text: string,
  search: string,
  limit: number,
): { root: JsonNode | null; nodes: Set<JsonNode>; hits: number; more: number } {
  const nodes = new Set<JsonNode>();
  let hits = 0;
  let more = 0;
  if (!text.toLowerCase().includes(search)) {
    return { root: null, nodes, hits, more };
  }
  const walk = (node: JsonNode): boolean => {
    let inside = false;
    for (const member of node.members) {
      const isHit =
        (node.kind === 'object' && member.name.toLowerCase().includes(search)) ||
        (!member.value.members.length && text.slice(member.value.from, member.value.to).toLowerCase().includes(search));
      const isCounted = isHit && hits < limit;
      hits += isCounted ? 1 : 0;
      more += isHit && !isCounted ? 1 : 0;
      if (walk(member.value) || isCounted) {
        nodes.add(member.value);
        inside = true;
      }
    }
    return inside;
  };
  const root = parseJson(text).root;
  root && walk(root);
  return { root, nodes, hits, more };
}
