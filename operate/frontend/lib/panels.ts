/* The parts of the instance page that the server renders, replaced without losing what is selected or open. */

import type { DiagramState } from './diagram';
import { getJson } from './http';

export interface PanelState {
  revision: string;
  isRunning: boolean;
  diagram: DiagramState;
  panels: Record<string, string>;
}

const REFRESH_MS = 5000;

export class Panels {
  onShow: (state: PanelState) => void = () => {};
  /** Says whether the page may be replaced now. */
  mayRefresh: () => boolean = () => true;
  scope = '';
  private readonly rendered = new Map<string, string>();

  constructor(
    readonly page: string,
    private revision: string,
    private isRunning: boolean,
  ) {}

  fetch(): Promise<PanelState> {
    return getJson<PanelState>(`${this.page}panels/${this.scope ? `?scope=${this.scope}` : ''}`);
  }

  /** Show another scope, or the present state. */
  async load(): Promise<void> {
    this.show(await this.fetch());
  }

  show(state: PanelState): void {
    this.revision = state.revision;
    this.isRunning = state.isRunning;
    for (const [name, html] of Object.entries(state.panels)) {
      const place = document.querySelector<HTMLElement>(`#panel-${name}`);
      if (place && place.dataset.unsaved === undefined && this.rendered.get(name) !== html) {
        this.rendered.set(name, html);
        const open = [...place.querySelectorAll<HTMLDetailsElement>('details[data-keep][open]')].map(
          (each) => each.dataset.keep,
        );
        const scrolled = place.scrollTop;
        place.innerHTML = html;
        place
          .querySelectorAll<HTMLDetailsElement>('details[data-keep]')
          .forEach((each) => (each.open = open.includes(each.dataset.keep)));
        place.scrollTop = scrolled;
      }
    }
    this.onShow(state);
  }

  /** Look every few seconds whether something has changed, while somebody looks and nothing is being edited. */
  keepFresh(): void {
    setInterval(() => {
      if (this.isRunning && document.visibilityState === 'visible' && this.mayRefresh()) {
        void this.refresh();
      }
    }, REFRESH_MS);
  }

  private async refresh(): Promise<void> {
    const state = await this.fetch().catch(() => null);
    if (state && state.revision !== this.revision && this.mayRefresh()) {
      this.show(state);
    }
  }
}
