/* Which process instances are selected in the list: kept while one looks at a wizard and comes back, and over its pages. */

const STORED = 'fettle.selection';

export interface Facts {
  state: string;
  suspended: boolean;
  incidents: number;
  process: string;
  version: string;
}

interface Stored {
  query: string;
  all: boolean;
  keys: [string, Facts][];
  /** Of all, those that are not meant. */
  except: string[];
}

/** The filters in an address, without the place in the list. */
export function filtersOf(search: string): string {
  const query = new URLSearchParams(search);
  ['before', 'after'].forEach((name) => query.delete(name));
  query.sort();
  return query.toString();
}

export class Selection {
  all = false;
  readonly keys = new Map<string, Facts>();
  readonly except = new Set<string>();
  private readonly query = filtersOf(location.search);

  constructor() {
    try {
      const stored = JSON.parse(sessionStorage.getItem(STORED) ?? 'null') as Stored | null;
      if (stored?.query === this.query) {
        this.all = stored.all;
        stored.keys.forEach(([key, facts]) => this.keys.set(key, facts));
        stored.except.forEach((key) => this.except.add(key));
      }
    } catch {
      Selection.forget();
    }
  }

  /** Forget it in this window: what was selected has been handled. */
  static forget(): void {
    sessionStorage.removeItem(STORED);
  }

  has(key: string): boolean {
    return this.all ? !this.except.has(key) : this.keys.has(key);
  }

  set(key: string, facts: Facts, isOn: boolean): void {
    if (this.all) {
      isOn ? this.except.delete(key) : this.except.add(key);
    } else {
      isOn ? this.keys.set(key, facts) : this.keys.delete(key);
    }
    this.store();
  }

  chooseAll(isOn: boolean): void {
    this.all = isOn;
    this.keys.clear();
    this.except.clear();
    this.store();
  }

  get isEmpty(): boolean {
    return !this.all && this.keys.size === 0;
  }

  private store(): void {
    if (this.isEmpty) {
      Selection.forget();
      return;
    }
    const stored: Stored = { query: this.query, all: this.all, keys: [...this.keys], except: [...this.except] };
    sessionStorage.setItem(STORED, JSON.stringify(stored));
  }
}
