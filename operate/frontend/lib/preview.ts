/* What a wizard's form would do: tried anew with every change, and nothing can be applied before it was. */

import { h, need } from './dom';
import { postForm, Refused } from './http';

interface Counted {
  name: string;
  total: number;
}

interface Warning {
  severity: string;
  reason: string;
  total: number;
  accepted: string;
}

export interface Preview {
  plan: string[];
  tried: number;
  refused: { message: string; total: number; keys: string[] }[];
  sums: Record<string, Counted[]>;
  warnings?: Warning[];
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
  private asked = '';
  private turn = 0;
  private readonly accepted = new Set<string>();
  private allowAccepted: () => void = () => {};
  private readonly panel = need('.ft-wizard-preview');
  private readonly body = need('#preview');
  private readonly state = need('#preview-state');
  private readonly apply = need<HTMLButtonElement>('#apply');

  constructor(private readonly form: HTMLFormElement) {
    this.forbid('The preview is not there yet.');
  }

  /** Try it again, once the typing pauses. Until then nothing can be applied. */
  changed(): void {
    const now = this.question();
    if (now === this.asked) {
      return;
    }
    this.asked = now;
    this.turn += 1;
    clearTimeout(this.timer);
    this.forbid('The preview is not there yet.');
    this.panel.classList.add('is-stale');
    this.state.textContent = 'trying…';
    this.timer = window.setTimeout(() => void this.load(this.turn), WAIT_MS);
  }

  /** What the preview depends on. */
  private question(): string {
    const fields = new FormData(this.form);
    ['reason', 'typed', 'accepted', 'csrfmiddlewaretoken'].forEach((name) => fields.delete(name));
    return JSON.stringify([...fields]);
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
    if (!(error instanceof Refused)) {
      this.asked = ''; // it is worth another try
    }
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
      ...(answer.warnings ?? []).map((warning) => this.warning(warning, answer.tried)),
      ...(answer.notes ?? []).map((text) => h('p', { class: 'is-note' }, text)),
      ...Object.entries(TITLES)
        .filter(([name]) => answer.sums[name]?.length)
        .map(([name, title]) => this.counted(title, answer.sums[name] ?? [])),
      ...(answer.diffs ?? []).map(diff),
    );
    this.allowAccepted = () => {
      const open = this.body.querySelectorAll('[name="accepted"]:not(:checked)').length;
      if (open) {
        this.forbid(`Accept ${open === 1 ? 'the risk' : `each of the ${open} risks`} first, or change the plan.`);
      } else {
        this.allow();
      }
    };
    if (well) {
      this.allowAccepted();
    } else {
      this.forbid(answer.refused[0]?.message ?? 'There is nothing to be done.');
    }
    this.onShow(answer);
  }

  /** What harm it does: a red one has to be accepted, each time that it is told. */
  private warning(warning: Warning, tried: number): HTMLElement {
    const many = tried > 1 ? ` (${warning.total} of ${tried})` : '';
    if (warning.severity !== 'red') {
      return h('p', { class: 'is-note' }, `${warning.reason}${many}`);
    }
    const box = h('input', { type: 'checkbox', name: 'accepted', value: warning.accepted }) as HTMLInputElement;
    box.checked = this.accepted.has(warning.accepted);
    box.addEventListener('change', (event) => {
      event.stopPropagation();
      if (box.checked) {
        this.accepted.add(warning.accepted);
      } else {
        this.accepted.delete(warning.accepted);
      }
      this.allowAccepted();
    });
    box.addEventListener('input', (event) => event.stopPropagation());
    return h(
      'label',
      { class: 'ft-risk is-bad' },
      box,
      h('span', {}, `${warning.reason}${many}`, h('small', { class: 'ft-subtle' }, 'I accept this risk.')),
    );
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
