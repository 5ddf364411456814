/* The variables of the chosen scope as the server has rendered them: rows with names, versions, and values as far as short. */

import { pretty } from '../json';
import { type Edit, read, reveal } from './api';

export interface Known {
  name: string;
  type: string;
  version: string;
  isMasked: boolean;
  row: HTMLTableRowElement;
}

export class Values {
  readonly known = new Map<string, Known>();
  readonly scope: string;
  readonly scopeName: string;
  readonly why: string;
  private readonly texts = new Map<string, { version: string; text: string }>();

  /** `former` has texts that need not be fetched again where the version is the same. */
  constructor(
    place: HTMLElement,
    private readonly page: string,
    former?: Values,
  ) {
    this.scope = place.dataset.scope ?? '';
    this.scopeName = place.dataset.scopeName ?? '';
    this.why = place.dataset.why ?? '';
    for (const row of place.querySelectorAll<HTMLTableRowElement>('tr[data-variable]')) {
      const name = row.dataset.variable ?? '';
      const version = row.dataset.version ?? '';
      const { type = '', masked } = row.dataset;
      this.known.set(name, { name, type, version, isMasked: Boolean(masked), row });
      const earlier = former?.scope === this.scope ? former.texts.get(name) : undefined;
      if (!row.dataset.cut) {
        const whole = row.querySelector('template')?.content ?? row.querySelector('.ft-var-value > code');
        this.texts.set(name, { version, text: whole?.textContent ?? '' });
      } else if (earlier?.version === version && !masked) {
        this.texts.set(name, earlier);
      }
    }
  }

  get mayEdit(): boolean {
    return this.why === '';
  }

  /** The text of one variable, fetched if it is long. */
  async text(name: string): Promise<string> {
    const here = this.texts.get(name);
    if (here) {
      return here.text;
    }
    const [found] = await read(this.page, this.scope, name);
    this.texts.set(name, { version: found?.version ?? '', text: found?.text ?? 'null' });
    return found?.text ?? 'null';
  }

  /** The text without its mask, until the rows are replaced. */
  async reveal(name: string): Promise<string> {
    const found = await reveal(this.page, this.scope, name);
    this.texts.set(name, { version: found?.version ?? '', text: found?.text ?? 'null' });
    return found?.text ?? 'null';
  }

  textAtHand(name: string): string | null {
    return this.texts.get(name)?.text ?? null;
  }

  /** All texts, in the order of the rows. */
  async all(): Promise<Map<string, string>> {
    const shown = [...this.known.values()];
    if (shown.some((each) => !this.texts.has(each.name))) {
      for (const found of await read(this.page, this.scope)) {
        this.texts.set(found.name, { version: found.version, text: found.text });
      }
    }
    return new Map(shown.map((each) => [each.name, this.texts.get(each.name)?.text ?? 'null']));
  }

  /** The version that was looked at: of the text where it was fetched later than the row. */
  version(name: string): string | null {
    return this.texts.get(name)?.version ?? this.known.get(name)?.version ?? null;
  }

  seen(names: Iterable<string>): Record<string, string | null> {
    return Object.fromEntries([...names].map((name) => [name, this.version(name)]));
  }

  /** An edit that sets one variable. */
  setting(name: string, text: string, reason: string, type?: string): Edit {
    const value = type ? { text, type } : { text };
    return { set: { [name]: value }, delete: [], seen: this.seen([name]), reason };
  }

  deleting(name: string, reason: string): Edit {
    return { set: {}, delete: [name], seen: this.seen([name]), reason };
  }
}

const SHORT = 120;

/** The beginning of a value, on one line. */
export function preview(text: string, limit = SHORT): string {
  const line = text.slice(0, limit * 4).replace(/\s+/g, ' ');
  return line.length > limit || text.length > limit * 4 ? `${line.slice(0, limit)}…` : line;
}

/** Whether a value is better edited in the large editor than in the row. */
export function isLong(text: string): boolean {
  return text.length > SHORT || (/^\s*[[{]/.test(text) && pretty(text).includes('\n'));
}
