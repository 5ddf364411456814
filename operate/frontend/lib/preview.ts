/* What a wizard's form would do: tried anew with every change, and nothing can be applied before it was. */

import { h, need } from './dom';
import { postForm, Refused } from './http';

interface Counted {
  name: string;
  total: number;
}

export interface Preview {
  plan: string[];
  tried: number;
  refused: { message: string; total: number; keys: string[] }[];
  sums: Record<string, Counted[]>;
  notes?: string[];
  diffs?: { key: string; changes: { name: string; before: string; after: string }[] }[];
  rows?: Record<string, string[]>;
}

const WAIT_MS = 300;
const TITLES: Record<string, string> = {
  terminated: 'Ends',
  activated: 'Begins',
  completed: 'Completes',
  waits: 'Waits for',
  incidents: 'Incidents',
  ends: 'Process instances that end',
};

export class PreviewPanel {
  onShow: (answer: Preview) => void = () => {};
  private timer = 0;
  private turn = 0;
  private readonly panel = need('.ft-wizard-preview');
  private readonly body = need('#preview');
  private readonly state = need('#preview-state');
  private readonly apply = need<HTMLButtonElement>('#apply');

  constructor(private readonly form: HTMLFormElement) {
    this.forbid('The preview is not there yet.');
  }

  /** Try it again, once the typing pauses. Until then nothing can be applied. */
  changed(): void {
    this.turn += 1;
    clearTimeout(this.timer);
    this.forbid('The preview is not there yet.');
    this.panel.classList.add('is-stale');
    this.state.textContent = 'trying…';
    this.timer = window.setTimeout(() => void this.load(this.turn), WAIT_MS);
  }

  private async load(turn: number): Promise<void> {
    try {
      const answer = await postForm<Preview>(this.form.dataset.preview ?? '', new FormData(this.form));
      if (turn === this.turn) {
        this.show(answer);
      }
    } catch (error) {
      if (turn === this.turn) {
        this.fail(error);
      }
    }
  }

  private fail(error: unknown): void {
    const message = error instanceof Refused ? error.message : `The preview failed: ${String(error)}`;
    this.panel.classList.remove('is-stale');
    this.state.textContent = '';
    this.body.replaceChildren(h('p', { class: 'is-bad', role: 'alert' }, message));
    this.forbid(message);
    this.onShow({ plan: [], tried: 0, refused: [], sums: {} });
  }

  private show(answer: Preview): void {
    const refused = answer.refused.reduce((sum, each) => sum + each.total, 0);
    const well = answer.tried - refused;
    this.panel.classList.remove('is-stale');
    this.state.textContent = 'nothing is written';
    this.body.replaceChildren(
      h(
        'p',
        { class: well ? 'is-good' : 'is-bad' },
        answer.tried === 1 && well ? 'Tried: it succeeds.' : `${well} of ${answer.tried} tried succeed.`,
      ),
      ...answer.refused.map((each) =>
        h('p', { class: 'is-bad', role: 'alert' }, `${each.total > 1 ? `${each.total} refused: ` : ''}${each.message}`),
      ),
      ...(answer.notes ?? []).map((text) => h('p', { class: 'is-note' }, text)),
      ...Object.entries(TITLES)
        .filter(([name]) => answer.sums[name]?.length)
        .map(([name, title]) => this.counted(title, answer.sums[name] ?? [])),
      ...(answer.diffs ?? []).map(diff),
    );
    if (well) {
      this.allow();
    } else {
      this.forbid(answer.refused[0]?.message ?? 'There is nothing to be done.');
    }
    this.onShow(answer);
  }

  private counted(title: string, rows: Counted[]): HTMLElement {
    return h(
      'div',
      {},
      h('h3', {}, title),
      h(
        'ul',
        {},
        ...rows.map((row) =>
          h('li', {}, h('span', {}, row.name), h('span', { class: 'ft-subtle' }, String(row.total))),
        ),
      ),
    );
  }

  private forbid(why: string): void {
    this.apply.setAttribute('aria-disabled', 'true');
    this.apply.dataset.why = why;
    this.apply.title = why;
  }

  private allow(): void {
    this.apply.removeAttribute('aria-disabled');
    delete this.apply.dataset.why;
    this.apply.title = 'Ctrl+Enter';
  }
}

function diff(each: { key: string; changes: { name: string; before: string; after: string }[] }): HTMLElement {
  return h(
    'div',
    { class: 'ft-diff' },
    h('a', { href: `/workflow/processinstance/${each.key}/`, target: '_blank' }, each.key),
    ...each.changes.flatMap((change) => [
      change.before ? h('del', {}, `− ${change.name}: ${change.before}`) : null,
      change.after ? h('ins', {}, `+ ${change.name}: ${change.after}`) : null,
    ]),
  );
}
