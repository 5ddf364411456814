/* The plan of the modification mode: a list that can be undone and redone step by step, and survives a reload. */

export interface PlanRow {
  readonly id: number;
  /** `set`: variables of a scope that runs, which `key` names. */
  readonly kind: 'add' | 'cancel' | 'move' | 'set';
  readonly element: string;
  readonly target: string;
  /** One element instance; empty: all that run. */
  readonly key: string;
  readonly ancestor: string;
  readonly tokens: number;
  readonly variables: string;
  readonly scope: string;
}

export type NewRow = Pick<PlanRow, 'kind' | 'element' | 'tokens'> & Partial<PlanRow>;

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
      [plan.past, plan.present, plan.future] = [stored.past, stored.present, stored.future];
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
    const made = rows.map((row, position) => ({
      target: '',
      key: '',
      ancestor: '',
      variables: '',
      scope: '',
      ...row,
      id: first + position,
    }));
    this.step([...this.present, ...made]);
  }

  remove(...ids: number[]): void {
    this.step(this.present.filter((row) => !ids.includes(row.id)));
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

  /** What comes and goes at each element. */
  badges(): Map<string, { plus: number; minus: number }> {
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

function takes(row: PlanRow): boolean {
  return row.kind === 'cancel' || row.kind === 'move';
}
