/* The parts of the instance page that the server renders, one tab at a time, brought up to date without losing anything. */

import type { DiagramState } from './diagram';
import type { History } from './history';
import { getJson } from './http';
import { morph } from './morph';

export interface PanelState {
  revision: string;
  isRunning: boolean;
  /** Of which scope the variables are; empty: of the process instance. */
  scope: string;
  diagram: DiagramState;
  history: History;
  /** What stands beside the names of tabs. */
  counts: Record<string, number>;
  panels: Record<string, string>;
  /** Where the draft is that a command was kept as, instead of being done. */
  kept?: string;
}
interface Unchanged {
  revision: string;
  isSame: true;
}

const REFRESH_MS = 5000;
/** What is told in relation to now is told anew after so many looks. */
const LOOKS = 12;
/** Tabs about what is chosen in the history. */
const OF_SCOPE = new Set(['variables', 'details']);

export class Panels {
  /** Told what is shown now, and whether a command of this page has led to it. */
  onShow: (state: PanelState, isOwn: boolean) => void = () => {};
  /** Says whether the page may be replaced now. */
  mayRefresh: () => boolean = () => true;
  /** Says whether something is written in a tab, which then stays as it is. */
  isBusy: (name: string) => boolean = () => false;
  scope = '';
  tab = 'waits';
  private readonly rendered = new Map<string, string>();
  /** The tabs that are as the server has them. */
  private fresh: Set<string>;
  private looks = 0;
  /** Requests in the order in which they were sent, and the latest whose answer is shown: none goes back behind that. */
  private sent = 0;
  private shown = 0;

  constructor(
    readonly page: string,
    private revision: string,
    private isRunning: boolean,
  ) {
    const loaded = [...document.querySelectorAll<HTMLElement>('[data-loaded]')];
    this.fresh = new Set(loaded.map((place) => place.id.replace('panel-', '')));
  }

  private address(more: Record<string, string> = {}): string {
    const query = new URLSearchParams({ tab: this.tab, ...(this.scope ? { scope: this.scope } : {}), ...more });
    return `${this.page}panels/?${query}`;
  }

  /** Show another scope, or the present state. */
  async load(): Promise<void> {
    let turn: number;
    let state: PanelState;
    do {
      turn = ++this.sent;
      state = await getJson<PanelState>(this.address());
    } while (turn < this.shown);
    this.showAnswer(turn, state);
  }

  /** Show a tab, with what it has now. */
  async open(tab: string): Promise<void> {
    this.tab = tab;
    if (this.fresh.has(tab)) {
      return;
    }
    const place = document.querySelector<HTMLElement>(`#panel-${tab}`);
    place?.setAttribute('aria-busy', 'true');
    try {
      await this.load();
    } finally {
      place?.removeAttribute('aria-busy');
    }
  }

  /** Another scope was chosen: what is shown of the former one is not what is wanted. */
  choose(scope: string): void {
    this.scope = scope;
    this.fresh.delete('variables');
    this.fresh.delete('details');
  }

  /** Show what a command of this page has led to. */
  show(state: PanelState): void {
    this.shown = ++this.sent;
    this.draw(state, true);
  }

  private showAnswer(turn: number, state: PanelState): void {
    this.shown = turn;
    this.draw(state, false);
  }

  private draw(state: PanelState, isOwn: boolean): void {
    if (state.revision !== this.revision) {
      this.fresh.clear();
    }
    this.revision = state.revision;
    this.isRunning = state.isRunning;
    const isOther = state.scope !== this.scope;
    for (const [name, html] of Object.entries(state.panels)) {
      if (!isOther || !OF_SCOPE.has(name)) {
        this.render(name, html);
      }
    }
    for (const place of document.querySelectorAll<HTMLElement>('[data-count]')) {
      const count = state.counts[place.dataset.count ?? ''];
      if (count !== undefined) {
        place.textContent = String(count);
        place.hidden = count === 0;
      }
    }
    this.onShow(state, isOwn);
    if (isOther && OF_SCOPE.has(this.tab)) {
      void this.load();
    }
  }

  private render(name: string, html: string): void {
    const place = document.querySelector<HTMLElement>(`#panel-${name}`);
    if (!place || place.dataset.unsaved !== undefined || this.isBusy(name)) {
      return;
    }
    this.fresh.add(name);
    if (this.rendered.get(name) !== html) {
      this.rendered.set(name, html);
      const scrolled = place.scrollTop;
      morph(place, html);
      place.scrollTop = scrolled;
    }
  }

  /** Look every few seconds whether something has changed, while somebody looks. */
  keepFresh(): void {
    setInterval(() => {
      if (this.isRunning && document.visibilityState === 'visible' && this.mayRefresh()) {
        void this.refresh();
      }
    }, REFRESH_MS);
  }

  private async refresh(): Promise<void> {
    this.looks = (this.looks + 1) % LOOKS;
    const { tab, scope } = this;
    const known: Record<string, string> = this.looks ? { revision: this.revision } : {};
    const turn = ++this.sent;
    const state = await getJson<PanelState | Unchanged>(this.address(known)).catch(() => null);
    const isTimely = turn > this.shown && tab === this.tab && scope === this.scope;
    if (state && !('isSame' in state) && this.mayRefresh() && isTimely) {
      this.showAnswer(turn, state);
    }
  }
}
