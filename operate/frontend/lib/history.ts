/*
 * The history of a process instance as a tree of which only the rows in sight are in the page. A small one is known as a whole;
 * of a large one each scope knows how many rows it has, and fetches those that come into sight, a slice at a time.
 */

import { h, need, toast } from './dom';
import { getJson, Refused } from './http';
import { shortcuts } from './shortcuts';
import { texts } from './texts';

export interface Called {
  key: string;
  name: string;
  dot: string;
  isOpen?: boolean;
}
export interface Row {
  key: string;
  scope: string;
  /** As it is drawn. */
  element: string;
  /** Its own id, where that is another one. */
  exact?: string;
  name: string;
  icon: string;
  dot: string;
  state: string;
  started?: string;
  ended?: string;
  remark?: string;
  tally?: string;
  isOpen?: boolean;
  isScope?: boolean;
  called?: Called[];
}
interface Slice {
  scope: string;
  total: number;
  starts: string[];
  rows: Row[];
}
export interface History extends Slice {
  isWhole: boolean;
  /** So many rows at once. */
  slice: number;
  /** The scopes around what is chosen at first, and itself. */
  way?: string[];
}
/** A row for what a plan will bring. */
export interface Pending {
  id: string;
  /** The element of the scope it will be in; empty: the process. */
  parent: string;
  /** All elements around it, innermost first, with what is shown of them should they have to be opened too. */
  around: { element: string; name: string; icon: string }[];
  name: string;
  icon: string;
  text: string;
}
/** What modification mode shows in the tree. */
export interface Plan {
  leaves: (exact: string, key: string) => boolean;
  pending: Pending[];
  /** A row of the plan was chosen, or with its element a scope that it opens. */
  choose: (id: string, scope: string) => void;
}

/** A scope that has to be opened for a row of the plan. */
interface Opened {
  id: '';
  opens: string;
  element: string;
  name: string;
  icon: string;
  text: string;
}

interface Level {
  total: number;
  starts: string[];
  /** By position; a hole has not been fetched. */
  keys: (string | undefined)[];
  /** The slices that are as the server has them now. */
  fresh: Set<number>;
}
interface Entry {
  id: string;
  depth: number;
  place: number;
  siblings: number;
  parent: string;
  row?: Row;
  called?: Called;
  pending?: Pending | Opened;
  hole?: { scope: string; slice: number };
}

const T = texts({
  en: {
    label: 'Instance history',
    loading: 'Loading …',
    calledInstance: (key: string, name: string) => `Called instance ${key} of ${name}`,
    willLeave: 'will be canceled',
    willLeaveTitle: 'This element instance is planned to be canceled.',
    planned: 'This element instance is planned to be added. Give it the variables it needs in the review.',
    opened: 'opened with it',
    nothingRuns: 'Nothing is running any more.',
    notLoaded: (why: string) => `The history could not be loaded: ${why}`,
  },
  de: {
    label: 'Instanzverlauf',
    loading: 'Wird geladen …',
    calledInstance: (key, name) => `Aufgerufene Instanz ${key} von ${name}`,
    willLeave: 'wird abgebrochen',
    willLeaveTitle: 'Diese Elementinstanz soll abgebrochen werden.',
    planned: 'Diese Elementinstanz soll hinzukommen. Variablen dafür lassen sich in der Prüfung angeben.',
    opened: 'wird mit geöffnet',
    nothingRuns: 'Es läuft nichts mehr.',
    notLoaded: (why) => `Der Verlauf konnte nicht geladen werden: ${why}`,
  },
});

const KEYS = texts({
  en: { move: 'Up and down', open: 'Open and close', choose: 'Choose', ends: 'First and last' },
  de: { move: 'Auf und ab', open: 'Auf- und zuklappen', choose: 'Auswählen', ends: 'Erste und letzte Zeile' },
});
shortcuts(
  'tree',
  { keys: 'ArrowUp|ArrowDown', label: KEYS.move },
  { keys: 'ArrowRight|ArrowLeft', label: KEYS.open },
  { keys: 'Home|End', label: KEYS.ends },
  { keys: 'Enter', label: KEYS.choose },
);

const ROW_PIXELS = 28;
const SPARE_ROWS = 12;
/** A scope with more children is closed at first. */
const MANY = 50;
const TYPING_MS = 700;
const END_TIMES = 'fettle.endTimes';

export class HistoryTree {
  /** Told which element instance was chosen; null stands for the process instance. */
  onChoose: (row: Row | null) => void = () => {};
  private rows = new Map<string, Row>();
  private levels = new Map<string, Level>();
  private readonly chosenOpen = new Map<string, boolean>();
  private entries: Entry[] = [];
  private readonly drawn = new Map<string, { html: HTMLElement; shown: string }>();
  private readonly loading = new Map<string, Promise<void>>();
  private isWhole = true;
  private readonly slice: number;
  private onlyRunning = false;
  private showsEnds = localStorage.getItem(END_TIMES) === '1';
  private selected = '';
  private active = '';
  private related = '';
  private ending = new Set<string>();
  private plan: Plan | null = null;
  private generation = 0;
  private typed = '';
  private typedAt = 0;
  private readonly list = h('div', {
    class: 'ft-tree',
    role: 'tree',
    tabindex: 0,
    'aria-label': T.label,
    id: 'history-tree',
  });
  private readonly note = h('p', { class: 'ft-subtle ft-padded', hidden: true }, T.nothingRuns);

  constructor(
    private readonly place: HTMLElement,
    private readonly page: string,
    private readonly root: Row,
    history: History,
  ) {
    this.slice = history.slice;
    this.selected = history.way?.at(-1) ?? '';
    this.active = this.selected || root.key;
    this.take(history);
    (history.way ?? []).slice(0, -1).forEach((key) => this.chosenOpen.set(key, true));
    place.replaceChildren(this.list, this.note);
    this.list.addEventListener('keydown', (event) => this.key(event));
    this.list.addEventListener('click', (event) => this.clicked(event));
    place.addEventListener('scroll', () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(place);
    this.listen();
    this.arrange();
    if (this.selected) {
      void this.reveal(this.selected, history.way);
    }
  }

  private listen(): void {
    const running = need<HTMLButtonElement>('[data-running-only]');
    const ends = need<HTMLButtonElement>('[data-end-times]');
    const show = (): void => {
      running.setAttribute('aria-pressed', String(this.onlyRunning));
      ends.setAttribute('aria-pressed', String(this.showsEnds));
      this.list.classList.toggle('has-ends', this.showsEnds);
    };
    running.addEventListener('click', () => {
      this.onlyRunning = !this.onlyRunning;
      show();
      this.forgetLevels();
      this.arrange();
      this.place.scrollTop = 0;
    });
    ends.addEventListener('click', () => {
      this.showsEnds = !this.showsEnds;
      localStorage.setItem(END_TIMES, this.showsEnds ? '1' : '');
      show();
      this.drawn.clear();
      this.list.replaceChildren();
      this.draw();
    });
    show();
  }

  // -- what is known

  /** The history as it is now; what is open, chosen and in sight stays so. */
  update(history: History): void {
    this.take(history);
    this.arrange();
  }

  private take(history: History): void {
    this.generation += 1;
    this.loading.clear();
    const wasWhole = this.isWhole;
    this.isWhole = history.isWhole;
    if (history.isWhole) {
      this.rows = new Map(history.rows.map((row) => [row.key, row]));
      this.levels = new Map();
      for (const row of history.rows) {
        const level = this.levels.get(row.scope) ?? { total: 0, starts: [], keys: [], fresh: new Set() };
        level.keys.push(row.key);
        level.total += 1;
        this.levels.set(row.scope, level);
      }
      return;
    }
    if (wasWhole) {
      this.levels.clear();
    }
    this.levels.forEach((level) => level.fresh.clear());
    if (!this.onlyRunning) {
      this.keep(history);
    }
  }

  private forgetLevels(): void {
    if (!this.isWhole) {
      this.generation += 1;
      this.loading.clear();
      this.levels.clear();
    }
  }

  /** Note a slice of a level that is not known as a whole. */
  private keep(slice: Slice): void {
    const level = this.levels.get(slice.scope) ?? { total: 0, starts: [], keys: [], fresh: new Set<number>() };
    const first = slice.rows[0];
    const begin = first
      ? Math.max(
          0,
          slice.starts.findLastIndex((start) => BigInt(start) <= BigInt(first.key)),
        )
      : 0;
    level.total = slice.total;
    level.starts = slice.starts;
    level.keys.length = slice.total;
    level.fresh.add(begin);
    slice.rows.forEach((row, position) => {
      level.keys[begin * this.slice + position] = row.key;
      this.rows.set(row.key, row);
    });
    this.levels.set(slice.scope, level);
  }

  /** Fetch one slice; who asks again while it is under way waits for the same answer. */
  private load(scope: string, slice: number): Promise<void> {
    const name = `${scope} ${slice}`;
    const under = this.loading.get(name);
    if (under) {
      return under;
    }
    const answer = this.fetched(scope, slice).finally(() => {
      if (this.loading.get(name) === answer) {
        this.loading.delete(name);
      }
    });
    this.loading.set(name, answer);
    return answer;
  }

  private async fetched(scope: string, slice: number): Promise<void> {
    const asked = this.generation;
    const begin = this.levels.get(scope)?.starts[slice] ?? '0';
    const query = new URLSearchParams({ scope, from: begin, ...(this.onlyRunning ? { running: '1' } : {}) });
    try {
      const found = await getJson<Slice>(`${this.page}history/?${query}`);
      if (asked === this.generation) {
        this.keep(found);
        this.arrange();
      }
    } catch (error) {
      toast(T.notLoaded(error instanceof Refused ? error.message : String(error)), 'error');
    }
  }

  private isExpanded(row: Row): boolean {
    const chosen = this.chosenOpen.get(row.key);
    if (chosen !== undefined) {
      return chosen;
    }
    return this.isWhole && (this.levels.get(row.key)?.total ?? 0) <= MANY;
  }

  private hasChildren(row: Row): boolean {
    if (this.isWhole) {
      return this.levels.has(row.key);
    }
    return Boolean(row.isScope) && this.levels.get(row.key)?.total !== 0;
  }

  // -- what is shown

  /** Bring everything into one list, as far as it is open. */
  private arrange(): void {
    const before = this.entries.findIndex((entry) => entry.id === this.active);
    const wasHole = this.entries[before]?.hole !== undefined;
    this.entries = [];
    const pending = this.pendingByScope();
    this.entries.push({ id: this.root.key, depth: 0, place: 1, siblings: 1, parent: '', row: this.root });
    this.addLevel(this.root.key, 1, pending);
    this.note.hidden = !this.onlyRunning || this.entries.length > 1 || !this.levels.has(this.root.key);
    this.list.style.height = `${this.entries.length * ROW_PIXELS}px`;
    if (!this.entries.some((entry) => entry.id === this.active)) {
      const arrived = wasHole ? this.entries[before]?.id : undefined; // what was on its way stands there now
      const chosen = this.entries.find((entry) => entry.id === this.selected)?.id;
      this.active = arrived ?? chosen ?? this.root.key;
    }
    this.draw();
  }

  private addLevel(scope: string, depth: number, pending: Map<string, Pending[]>): void {
    const level = this.levels.get(scope);
    const coming = pending.get(scope) ?? [];
    if (!level) {
      if (!this.isWhole) {
        this.entries.push({
          id: `hole ${scope}`,
          depth,
          place: 1,
          siblings: 1,
          parent: scope,
          hole: { scope, slice: 0 },
        });
      }
      this.addPending(scope, depth, coming);
      return;
    }
    const keys =
      this.isWhole && this.onlyRunning ? level.keys.filter((key) => this.rows.get(key ?? '')?.isOpen) : level.keys;
    const siblings = keys.length + coming.length;
    for (let position = 0; position < keys.length; position += 1) {
      const row = this.rows.get(keys[position] ?? '');
      const place = { depth, place: position + 1, siblings, parent: scope };
      if (!row) {
        this.entries.push({
          id: `hole ${scope} ${position}`,
          hole: { scope, slice: Math.floor(position / this.slice) },
          ...place,
        });
        continue;
      }
      this.entries.push({ id: row.key, row, ...place });
      this.addInside(row, depth + 1, pending);
    }
    this.addPending(scope, depth, coming, keys.length);
  }

  private addInside(row: Row, depth: number, pending: Map<string, Pending[]>): void {
    const called = row.called ?? [];
    called.forEach((each, position) =>
      this.entries.push({
        id: `called ${each.key}`,
        depth,
        place: position + 1,
        siblings: called.length,
        parent: row.key,
        called: each,
      }),
    );
    if (this.hasChildren(row) && this.isExpanded(row)) {
      this.addLevel(row.key, depth, pending);
    } else {
      this.addPending(row.key, depth, pending.get(row.key) ?? []);
    }
  }

  /** Tokens that will come, after everything that stands in their scope now; scopes that are opened for them around them. */
  private addPending(scope: string, depth: number, coming: Pending[], before = 0): void {
    const opened = new Map<string, number>();
    let place = before;
    for (const each of coming) {
      const missing = this.missingScopes(each);
      let within = depth;
      missing.forEach((around, position) => {
        const path = `${scope} ${missing
          .slice(0, position + 1)
          .map((one) => one.element)
          .join(' ')}`;
        if (!opened.has(path)) {
          opened.set(path, within);
          const pending = { ...around, text: T.opened, id: '' as const, opens: each.id };
          this.entries.push({
            id: `opens ${path}`,
            depth: within,
            place: ++place,
            siblings: before + coming.length,
            parent: scope,
            pending,
          });
        }
        within += 1;
      });
      this.entries.push({
        id: `plan ${each.id}`,
        depth: within,
        place: ++place,
        siblings: before + coming.length,
        parent: scope,
        pending: each,
      });
    }
  }

  private missingScopes(pending: Pending): Pending['around'] {
    const missing: Pending['around'] = [];
    for (const around of pending.around) {
      if (this.runningScope(around.element)) {
        break;
      }
      missing.unshift(around);
    }
    return missing;
  }

  private runningScope(element: string): Row | undefined {
    return [...this.rows.values()].findLast((row) => row.isOpen && (row.exact ?? row.element) === element);
  }

  private pendingByScope(): Map<string, Pending[]> {
    const found = new Map<string, Pending[]>();
    for (const each of this.plan?.pending ?? []) {
      const around = each.around.map((one) => this.runningScope(one.element)).find(Boolean);
      const scope = around?.key ?? this.root.key;
      found.set(scope, [...(found.get(scope) ?? []), each]);
    }
    return found;
  }

  /** Put the rows in sight into the page. */
  private draw(): void {
    const first = Math.max(0, Math.floor(this.place.scrollTop / ROW_PIXELS) - SPARE_ROWS);
    const last = Math.min(
      this.entries.length,
      Math.ceil((this.place.scrollTop + this.place.clientHeight) / ROW_PIXELS) + SPARE_ROWS,
    );
    const active = this.entries.findIndex((entry) => entry.id === this.active);
    const shown = Array.from({ length: Math.max(0, last - first) }, (_, position) => first + position);
    if (active >= 0 && active < first) {
      shown.unshift(active); // where the keyboard is must stay in the page
    } else if (active >= last) {
      shown.push(active);
    }
    const wanted = new Set(shown.map((index) => this.entries[index]?.id ?? ''));
    for (const [id, { html }] of this.drawn) {
      if (!wanted.has(id)) {
        html.remove();
        this.drawn.delete(id);
      }
    }
    let place = this.list.firstElementChild;
    for (const index of shown) {
      const before = this.drawn.get(this.entries[index]?.id ?? '')?.html;
      const html = this.drawEntry(index);
      if (html && (html === place || before === place)) {
        place = html.nextElementSibling;
      } else if (html) {
        this.list.insertBefore(html, place);
      }
    }
    this.list.setAttribute('aria-activedescendant', idOf(this.active));
    this.fetchMissing(first, last);
  }

  private fetchMissing(first: number, last: number): void {
    for (const { hole, row, parent, place } of this.entries.slice(first, last)) {
      const slice = Math.floor((place - 1) / this.slice);
      if (hole) {
        void this.load(hole.scope, hole.slice);
      } else if (row && row !== this.root && !this.isWhole && !this.levels.get(parent)?.fresh.has(slice)) {
        void this.load(parent, slice);
      }
    }
  }

  private drawEntry(index: number): HTMLElement | null {
    const entry = this.entries[index];
    if (!entry) {
      return null;
    }
    const before = this.drawn.get(entry.id);
    const shown = JSON.stringify([entry, this.hasOpenSign(entry), this.isSelected(entry), this.marksOf(entry)]);
    let html = before?.html;
    if (!html || before?.shown !== shown) {
      const fresh = this.rendered(entry);
      html?.replaceWith(fresh);
      html = fresh;
      this.drawn.set(entry.id, { html, shown });
    }
    html.style.top = `${index * ROW_PIXELS}px`;
    html.classList.toggle('is-active', entry.id === this.active);
    return html;
  }

  private isSelected(entry: Entry): boolean {
    return entry.row === this.root ? this.selected === '' : entry.id === this.selected;
  }

  private hasOpenSign(entry: Entry): boolean | null {
    const { row } = entry;
    return row && row !== this.root && this.hasChildren(row) ? this.isExpanded(row) : null;
  }

  private marksOf(entry: Entry): string {
    const { row } = entry;
    if (!row || row === this.root) {
      return '';
    }
    const leaves = row.isOpen && this.isLeaving(row) ? 'leaves' : '';
    const isRelated = this.related !== '' && row.element === this.related;
    return [leaves, this.ending.has(row.key) ? 'ends' : '', isRelated ? 'related' : ''].join(' ');
  }

  /** Whether the plan takes it away, or a scope around it. */
  private isLeaving(row: Row): boolean {
    const scope = this.rows.get(row.scope);
    const leaves = this.plan?.leaves(row.exact ?? row.element, row.key) ?? false;
    return leaves || (scope !== undefined && scope !== this.root && this.isLeaving(scope));
  }

  private rendered(entry: Entry): HTMLElement {
    const expanded = this.hasOpenSign(entry);
    const { row, called, pending } = entry;
    const marks = this.marksOf(entry).split(' ');
    const kinds = [
      'ft-tree-row',
      (row && row !== this.root && !row.isOpen) || (called && !called.isOpen) ? 'is-ended' : '',
      called ? 'ft-tree-called' : '',
      pending ? 'is-pending' : '',
      marks[0] ? 'is-leaving' : '',
      marks[1] ? 'is-ending' : '',
      marks[2] ? 'is-related' : '',
    ];
    return h(
      'div',
      {
        id: idOf(entry.id),
        role: 'treeitem',
        class: kinds.filter(Boolean).join(' '),
        'aria-level': entry.depth + 1,
        'aria-posinset': entry.place,
        'aria-setsize': entry.siblings,
        'aria-expanded': expanded === null ? (row === this.root ? 'true' : null) : String(expanded),
        'aria-selected': String(this.isSelected(entry)),
        'data-entry': entry.id,
        'data-key': row?.key,
        'data-element': row?.element,
        'data-exact': row && (row.exact ?? row.element),
        'data-open': row?.isOpen ? '1' : null,
        'data-depth': entry.depth,
        'data-plan-row': pending?.id || null,
      },
      this.link(entry, expanded, Boolean(marks[0])),
    );
  }

  private link(entry: Entry, expanded: boolean | null, leaves: boolean): HTMLElement {
    const { row, called, pending } = entry;
    const padding = `padding-left:${6 + Math.min(entry.depth, 20) * 16}px`;
    const sign =
      expanded === null
        ? h('span', { class: 'ft-tree-sign' })
        : h(
            'span',
            { class: 'ft-tree-sign material-symbols-outlined', 'data-toggle': true, 'aria-hidden': 'true' },
            expanded ? 'expand_more' : 'chevron_right',
          );
    if (pending) {
      return h(
        'span',
        { class: 'ft-tree-link', style: padding, title: T.planned },
        sign,
        h('span', { class: `${pending.icon} ft-bpmn`, 'aria-hidden': 'true' }),
        h('span', { class: 'ft-tree-name' }, pending.name),
        h('span', { class: 'ft-tree-marks' }, pending.text),
      );
    }
    if (called) {
      return h(
        'a',
        { class: 'ft-tree-link', style: padding, tabindex: -1, href: this.page.replace(/\d+\/$/, `${called.key}/`) },
        sign,
        dot(called.dot, called.dot),
        h('span', { class: 'bpmn-icon-participant ft-bpmn', 'aria-hidden': 'true' }),
        h('span', { class: 'ft-tree-name' }, T.calledInstance(called.key, called.name)),
        h('span', { class: 'material-symbols-outlined ft-tree-open', 'aria-hidden': 'true' }, 'open_in_new'),
      );
    }
    if (!row) {
      return h('span', { class: 'ft-tree-link ft-subtle', style: padding }, sign, T.loading);
    }
    return h(
      'a',
      {
        class: 'ft-tree-link',
        style: padding,
        tabindex: -1,
        href: row === this.root ? '?tab=variables' : `?scope=${row.key}&tab=variables`,
      },
      sign,
      dot(row.dot, row.state),
      h('span', { class: `${row.icon} ft-bpmn`, 'aria-hidden': 'true' }),
      h('span', { class: 'ft-tree-name', title: row.name }, row.name),
      row.tally ? h('span', { class: 'ft-tree-remark' }, row.tally) : null,
      row.remark ? h('span', { class: 'ft-tree-remark' }, row.remark) : null,
      h('span', { class: 'ft-tree-marks', title: leaves ? T.willLeaveTitle : null }, leaves ? T.willLeave : ''),
      row === this.root ? null : this.times(row),
    );
  }

  private times(row: Row): HTMLElement {
    const time = (moment?: string): HTMLElement | string => (moment ? h('time', { datetime: moment }, '') : '–');
    return h('span', { class: 'ft-tree-time' }, time(row.started), ...(this.showsEnds ? [' → ', time(row.ended)] : []));
  }

  // -- choosing

  get scope(): string {
    return this.selected;
  }

  private clicked(event: MouseEvent): void {
    const target = event.target as HTMLElement;
    const id = target.closest<HTMLElement>('.ft-tree-row')?.dataset.entry;
    const entry = this.entries.find((each) => each.id === id);
    if (!entry) {
      return;
    }
    if (target.closest('[data-toggle]')) {
      event.preventDefault();
      this.toggle(entry);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.shiftKey || entry.called) {
      return;
    }
    event.preventDefault();
    this.focusOn(entry);
    this.list.focus({ preventScroll: true });
    this.choose(entry);
  }

  private choose(entry: Entry): void {
    if (entry.called) {
      location.href = this.page.replace(/\d+\/$/, `${entry.called.key}/`);
    } else if (entry.pending) {
      this.select(entry.id);
      'opens' in entry.pending
        ? this.plan?.choose(entry.pending.opens, entry.pending.element)
        : this.plan?.choose(entry.pending.id, '');
    } else if (entry.row) {
      this.onChoose(entry.row === this.root ? null : entry.row);
    }
  }

  private toggle(entry: Entry, isOpen?: boolean): void {
    const { row } = entry;
    if (row && row !== this.root && this.hasChildren(row)) {
      this.chosenOpen.set(row.key, isOpen ?? !this.isExpanded(row));
      this.arrange();
    }
  }

  /** Show as chosen; an empty key stands for the process instance. */
  select(key: string): void {
    this.selected = key;
    this.active = key || this.root.key;
    this.draw();
  }

  /** Make the rows of an element stand out. */
  relate(element: string | null): void {
    this.related = element ?? '';
    this.draw();
  }

  /** Strike out what a plan that was tried would end. */
  markEnding(keys: readonly string[]): void {
    this.ending = new Set(keys);
    this.draw();
  }

  /** What modification mode has planned; null ends that. */
  showPlan(plan: Plan | null): void {
    const before = this.plan?.pending.length ?? 0;
    this.plan = plan;
    this.arrange();
    const last = plan?.pending.at(-1);
    if (last && (plan?.pending.length ?? 0) > before) {
      this.scrollTo(`plan ${last.id}`);
    }
  }

  /** A row that is known. */
  row(key: string): Row | undefined {
    return this.rows.get(key);
  }

  /** The element's instance that matters most, in sight: one that runs, else the newest; with how many there are to choose from. */
  async revealElement(element: string): Promise<{ row: Row | undefined; total: number }> {
    if (this.isWhole) {
      const all = [...this.rows.values()].filter((row) => row.element === element);
      const inner = all.filter((row) => !row.exact);
      const shown = inner.length ? inner : all;
      const running = shown.filter((row) => row.isOpen);
      const candidates = running.length ? running : shown;
      const row = candidates[0];
      if (row) {
        await this.reveal(row.key);
      }
      return { row, total: candidates.length };
    }
    const found = await getJson<{ way: string[]; total: number }>(
      `${this.page}history/?${new URLSearchParams({ element })}`,
    );
    const key = found.way.at(-1);
    if (key) {
      await this.reveal(key, found.way);
    }
    return { row: this.rows.get(key ?? ''), total: found.total };
  }

  /** Open the scopes around an element instance and scroll to it. */
  private async reveal(key: string, way?: string[]): Promise<void> {
    const scopes = (way ?? this.wayTo(key)).slice(0, -1);
    scopes.forEach((scope) => this.chosenOpen.set(scope, true));
    if (!this.isWhole) {
      const all = [...scopes, key];
      for (const [position, wanted] of all.entries()) {
        await this.loadAround(position ? (all[position - 1] ?? '') : this.root.key, wanted);
      }
    }
    this.arrange();
    this.scrollTo(key);
  }

  private wayTo(key: string): string[] {
    const way = [key];
    for (let row = this.rows.get(key); row && row.scope !== this.root.key; row = this.rows.get(row.scope)) {
      way.unshift(row.scope);
    }
    return way;
  }

  /** Load the slice of a scope that has this row. */
  private async loadAround(scope: string, key: string): Promise<void> {
    if (this.levels.get(scope)?.keys.includes(key)) {
      return;
    }
    if (!this.levels.has(scope)) {
      await this.load(scope, 0);
    }
    const starts = this.levels.get(scope)?.starts ?? [];
    const slice = starts.findLastIndex((start) => BigInt(start) <= BigInt(key));
    if (slice > 0 || !this.levels.get(scope)?.keys.includes(key)) {
      await this.load(scope, Math.max(0, slice));
    }
  }

  private scrollTo(id: string): void {
    const index = this.entries.findIndex((entry) => entry.id === id);
    if (index < 0) {
      return;
    }
    const top = index * ROW_PIXELS;
    if (top < this.place.scrollTop) {
      this.place.scrollTop = top;
    } else if (top + ROW_PIXELS > this.place.scrollTop + this.place.clientHeight) {
      this.place.scrollTop = top + ROW_PIXELS - this.place.clientHeight;
    }
    this.draw();
  }

  // -- the keyboard

  private focusOn(entry: Entry | undefined): void {
    if (entry) {
      this.active = entry.id;
      this.scrollTo(entry.id);
      this.draw();
    }
  }

  private key(event: KeyboardEvent): void {
    const now = this.entries.findIndex((entry) => entry.id === this.active);
    const entry = this.entries[now];
    if (!entry || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const page = Math.max(1, Math.floor(this.place.clientHeight / ROW_PIXELS) - 1);
    const last = this.entries.length - 1;
    const steps: Record<string, number> = {
      ArrowDown: now + 1,
      ArrowUp: now - 1,
      PageDown: now + page,
      PageUp: now - page,
      Home: 0,
      End: last,
    };
    const goal = steps[event.key];
    if (goal !== undefined) {
      this.focusOn(this.entries[Math.max(0, Math.min(last, goal))]);
    } else if (event.key === 'ArrowRight') {
      this.goIn(entry, now);
    } else if (event.key === 'ArrowLeft') {
      this.goOut(entry);
    } else if (event.key === 'Enter' || (event.key === ' ' && !this.isTyping(event))) {
      this.choose(entry);
    } else if (event.key.length === 1) {
      this.find(event, now);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private goIn(entry: Entry, now: number): void {
    const next = this.entries[now + 1];
    if (this.hasOpenSign(entry) === false) {
      this.toggle(entry, true);
    } else if (next && next.depth > entry.depth) {
      this.focusOn(next);
    }
  }

  private goOut(entry: Entry): void {
    if (this.hasOpenSign(entry) === true) {
      this.toggle(entry, false);
    } else {
      this.focusOn(this.entries.find((each) => each.id === entry.parent));
    }
  }

  private isTyping(event: KeyboardEvent): boolean {
    return this.typed !== '' && event.timeStamp - this.typedAt < TYPING_MS;
  }

  /** Go to the next row whose name begins with what is typed. */
  private find(event: KeyboardEvent, now: number): void {
    this.typed = (this.isTyping(event) ? this.typed : '') + event.key.toLowerCase();
    this.typedAt = event.timeStamp;
    const begin = this.typed.length > 1 ? now : now + 1;
    const order = [...this.entries.slice(begin), ...this.entries.slice(0, begin)];
    const name = (entry: Entry): string => (entry.row ?? entry.called ?? entry.pending)?.name.toLowerCase() ?? '';
    this.focusOn(order.find((entry) => name(entry).startsWith(this.typed)));
  }
}

function dot(kind: string, label: string): HTMLElement {
  return h('span', { class: `ft-dot ft-dot-${kind}`, role: 'img', 'aria-label': label, title: label });
}

function idOf(entry: string): string {
  return `history-${entry.replace(/[^\w-]/g, '_')}`;
}
