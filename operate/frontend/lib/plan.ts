/* The plan of the modification mode: a list that can be undone and redone step by step, and survives a reload. */

import { parseJson, sameText } from './json';

export interface PlanRow {
  readonly id: number;
  /** `set`: one variable, of a scope that runs, which `key` names, or of one that the row `of` brings. */
  readonly kind: 'add' | 'cancel' | 'move' | 'set';
  readonly element: string;
  readonly target: string;
  /** One element instance; empty: all that run. */
  readonly key: string;
  readonly ancestor: string;
  readonly tokens: number;
  /** The row that brings the scope of a variable; 0: it runs. */
  readonly of: number;
  /** The element of that scope. */
  readonly scope: string;
  readonly name: string;
  /** JSON, as it was typed. */
  readonly value: string;
  /** JSON that the variable has had; null: there was none. */
  readonly before: string | null;
}

export type NewRow = Pick<PlanRow, 'kind' | 'element' | 'tokens'> & Partial<PlanRow>;
/** As the server says it: all variables of a scope in one text. */
export type GivenRow = Omit<NewRow, 'tokens'> & { tokens?: number; variables?: string };
/** Where a variable is. */
export type Place = Pick<PlanRow, 'key' | 'of' | 'scope'>;

/** What holds for the whole command. */
export interface PlanOptions {
  skipListeners: boolean;
  skipMappings: boolean;
  /** Camunda 7 alone: apply rows from top to bottom, instead of all starts before all cancellations. */
  inGivenOrder: boolean;
}

interface Stored {
  revision: string;
  options?: PlanOptions;
  past: PlanRow[][];
  present: PlanRow[];
  future: PlanRow[][];
}

const MAX_STEPS = 200;
const EMPTY = { target: '', key: '', ancestor: '', of: 0, scope: '', name: '', value: '', before: null };

/** Rows as the plan has them: a variable each, instead of all of a scope in one text. */
export function rowsOf(given: readonly GivenRow[]): NewRow[] {
  return given.flatMap(({ variables = '', ...row }) => {
    if (row.kind !== 'set') {
      return [{ tokens: 1, ...row }];
    }
    const { root } = parseJson(variables);
    const members = root?.kind === 'object' ? root.members : [];
    return members.map((member) => ({
      ...row,
      tokens: 0,
      name: member.name,
      value: variables.slice(member.value.from, member.value.to),
    }));
  });
}

export class Plan {
  onChange: () => void = () => {};
  options: PlanOptions = { skipListeners: false, skipMappings: false, inGivenOrder: false };
  private past: PlanRow[][] = [];
  private present: PlanRow[] = [];
  private future: PlanRow[][] = [];

  constructor(
    private readonly storageKey: string,
    public revision: string,
  ) {}

  /** The plan that was left on this browser, if there is one. */
  static left(storageKey: string): Plan | null {
    const text = localStorage.getItem(storageKey);
    if (!text) {
      return null;
    }
    try {
      const stored = JSON.parse(text) as Stored;
      const plan = new Plan(storageKey, stored.revision);
      const kept = (steps: PlanRow[][]): PlanRow[][] => steps.map((rows) => rows.map((row) => ({ ...EMPTY, ...row })));
      [plan.past, plan.future] = [kept(stored.past), kept(stored.future)];
      plan.present = kept([stored.present])[0] ?? [];
      plan.options = { ...plan.options, ...stored.options };
      return plan.present.length ? plan : null;
    } catch {
      localStorage.removeItem(storageKey);
      return null;
    }
  }

  get rows(): readonly PlanRow[] {
    return this.present;
  }
  get canUndo(): boolean {
    return this.past.length > 0;
  }
  get canRedo(): boolean {
    return this.future.length > 0;
  }

  add(...rows: NewRow[]): void {
    const known = [...this.past, this.present, ...this.future].flat().map((each) => each.id);
    const first = 1 + Math.max(0, ...known);
    this.step([...this.present, ...rows.map((row, position) => ({ ...EMPTY, ...row, id: first + position }))]);
  }

  /** Give a variable a value, in a step of its own; one that is back to what it was is no change. */
  set(place: Place, name: string, value: string, before: string | null): void {
    const found = this.variable(place, name);
    const isSame = before !== null && sameText(value, before);
    if (found && isSame) {
      this.remove(found.id);
    } else if (found) {
      this.change(found.id, { value });
    } else if (!isSame) {
      this.add({ kind: 'set', element: '', tokens: 0, ...place, name, value, before });
    }
  }

  /** What is planned for a variable. */
  variable(place: Place, name: string): PlanRow | undefined {
    return this.variablesOf(place).find((row) => row.name === name);
  }

  /** The variables that are planned for a scope. */
  variablesOf(place: Place): PlanRow[] {
    return this.present.filter(
      (row) => row.kind === 'set' && row.of === place.of && row.key === place.key && row.scope === place.scope,
    );
  }

  /** Take rows out, and with them the variables of scopes that they would have brought. */
  remove(...ids: number[]): void {
    this.step(this.present.filter((row) => !ids.includes(row.id) && !ids.includes(row.of)));
  }

  /** Swap a row with the one before or behind it. */
  shift(id: number, by: -1 | 1): void {
    const from = this.present.findIndex((row) => row.id === id);
    const [row, other] = [this.present[from], this.present[from + by]];
    if (row && other) {
      const next = [...this.present];
      [next[from], next[from + by]] = [other, row];
      this.step(next);
    }
  }

  choose(options: Partial<PlanOptions>): void {
    this.options = { ...this.options, ...options };
    this.changed();
  }

  change(id: number, changes: Partial<PlanRow>): void {
    this.step(this.present.map((row) => (row.id === id ? { ...row, ...changes } : row)));
  }

  undo(): void {
    const before = this.past.pop();
    if (before) {
      this.future.push(this.present);
      this.present = before;
      this.changed();
    }
  }

  redo(): void {
    const after = this.future.pop();
    if (after) {
      this.past.push(this.present);
      this.present = after;
      this.changed();
    }
  }

  discard(): void {
    [this.past, this.present, this.future] = [[], [], []];
    this.changed();
  }

  /** Tokens of an element that no row takes away yet. */
  remaining(element: string, running: number): number {
    const rows = this.present.filter((row) => takes(row) && row.element === element);
    return rows.some((row) => !row.key) ? 0 : running - rows.length;
  }

  takesAway(element: string, key: string): boolean {
    return this.present.some((row) => takes(row) && row.element === element && (!row.key || row.key === key));
  }

  /** What comes and goes at each element; `within` tells the tokens that end with what a row cancels. */
  badges(within: (row: PlanRow) => [string, number][]): Map<string, { plus: number; minus: number }> {
    const found = new Map<string, { plus: number; minus: number }>();
    const at = (id: string): { plus: number; minus: number } => {
      const each = found.get(id) ?? { plus: 0, minus: 0 };
      found.set(id, each);
      return each;
    };
    for (const row of this.present) {
      if (row.kind === 'add' || row.kind === 'move') {
        at(row.kind === 'add' ? row.element : row.target).plus += row.tokens;
      }
      if (takes(row)) {
        at(row.element).minus += row.tokens;
        const inside = row.kind === 'cancel' ? within(row) : [];
        inside.forEach(([id, tokens]) => (at(id).minus = tokens));
      }
    }
    return found;
  }

  private step(next: PlanRow[]): void {
    this.past = [...this.past.slice(-MAX_STEPS), this.present];
    this.present = next;
    this.future = [];
    this.changed();
  }

  private changed(): void {
    if (this.present.length || this.past.length || this.future.length) {
      const { revision, options, past, present, future } = this;
      const stored: Stored = { revision, options, past, present, future };
      localStorage.setItem(this.storageKey, JSON.stringify(stored));
    } else {
      localStorage.removeItem(this.storageKey);
    }
    this.onChange();
  }
}

/** As it is sent. */
export function written(row: PlanRow): Record<string, unknown> {
  const { name, value, before: _before, ...rest } = row;
  return row.kind === 'set' ? { ...rest, variables: `{${JSON.stringify(name)}: ${value}}` } : rest;
}

function takes(row: PlanRow): boolean {
  return row.kind === 'cancel' || row.kind === 'move';
}
