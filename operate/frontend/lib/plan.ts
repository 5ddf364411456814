/* The plan of the modification mode: a list that can be undone and redone step by step, and survives a reload. */

export interface PlanRow {
  readonly id: number;
  readonly kind: 'add' | 'cancel' | 'move';
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

interface Stored {
  revision: string;
  past: PlanRow[][];
  present: PlanRow[];
  future: PlanRow[][];
}

const MAX_STEPS = 200;

export class Plan {
  onChange: () => void = () => {};
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

  add(row: NewRow): void {
    const id = 1 + Math.max(0, ...[...this.past, this.present, ...this.future].flat().map((each) => each.id));
    this.step([...this.present, { target: '', key: '', ancestor: '', variables: '', scope: '', ...row, id }]);
  }

  remove(id: number): void {
    this.step(this.present.filter((row) => row.id !== id));
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
    const rows = this.present.filter((row) => row.kind !== 'add' && row.element === element);
    return rows.some((row) => !row.key) ? 0 : running - rows.length;
  }

  takesAway(element: string, key: string): boolean {
    return this.present.some((row) => row.kind !== 'add' && row.element === element && (!row.key || row.key === key));
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
      if (row.kind !== 'cancel') {
        at(row.kind === 'add' ? row.element : row.target).plus += row.tokens;
      }
      if (row.kind !== 'add') {
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
      const stored: Stored = { revision: this.revision, past: this.past, present: this.present, future: this.future };
      localStorage.setItem(this.storageKey, JSON.stringify(stored));
    } else {
      localStorage.removeItem(this.storageKey);
    }
    this.onChange();
  }
}
