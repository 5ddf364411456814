/* What a wizard's form would do: tried anew with every change, and nothing can be applied before it was. */

import { h, need } from './dom';
import type { Approval } from './drafting';
import { postForm, Refused } from './http';
import { number, texts } from './texts';

const T = texts({
  en: {
    titles: {
      terminated: 'Ends',
      activated: 'Begins',
      completed: 'Completes',
      waits: 'Waits for',
      incidents: 'Incidents',
      ends: 'Process instances that end',
    },
    notYet: 'The preview is not there yet.',
    trying: 'trying…',
    failed: (error: string) => `The preview failed: ${error}`,
    unwritten: 'nothing is written',
    succeeds: 'Tried: it succeeds.',
    succeed: (well: number, tried: number) => `${number(well)} of ${number(tried)} tried succeed.`,
    refused: (total: number) => `${number(total)} refused: `,
    risks: (open: number) =>
      `Accept ${open === 1 ? 'the risk' : `each of the ${open} risks`} first, or change the plan.`,
    nothing: 'There is nothing to be done.',
    share: (total: number, tried: number) => ` (${number(total)} of ${number(tried)})`,
    accept: 'I accept this risk.',
    keys: 'Ctrl+Enter',
  },
  de: {
    titles: {
      terminated: 'Endet',
      activated: 'Beginnt',
      completed: 'Wird abgeschlossen',
      waits: 'Wartet auf',
      incidents: 'Vorfälle',
      ends: 'Prozessinstanzen, die enden',
    },
    notYet: 'Die Vorschau ist noch nicht da.',
    trying: 'wird probiert…',
    failed: (error) => `Die Vorschau ist fehlgeschlagen: ${error}`,
    unwritten: 'nichts wird geschrieben',
    succeeds: 'Probiert: Es gelingt.',
    succeed: (well, tried) => `${number(well)} von ${number(tried)} probierten gelingen.`,
    refused: (total) => `${number(total)} abgelehnt: `,
    risks: (open) =>
      `Zuerst ${open === 1 ? 'das Risiko' : `jedes der ${open} Risiken`} akzeptieren oder den Plan ändern.`,
    nothing: 'Es gibt nichts zu tun.',
    share: (total, tried) => ` (${number(total)} von ${number(tried)})`,
    accept: 'Ich akzeptiere dieses Risiko.',
    keys: 'Strg+Eingabe',
  },
});

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
  /** The policy that demands an approval, if one does. */
  approval?: Approval | null;
}

const WAIT_MS = 300;

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
  /** What else ends the wizard; who approves accepts what is red. */
  private readonly drafts = [...document.querySelectorAll<HTMLElement>('#wizard [name="draft"]')];
  private readonly breaks = [...document.querySelectorAll<HTMLElement>('#wizard #break-now')];

  constructor(private readonly form: HTMLFormElement) {
    this.forbid(T.notYet);
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
    this.forbid(T.notYet);
    this.panel.classList.add('is-stale');
    this.state.textContent = T.trying;
    this.timer = window.setTimeout(() => void this.load(this.turn), WAIT_MS);
  }

  /** What the preview depends on. */
  private question(): string {
    const fields = new FormData(this.form);
    ['reason', 'typed', 'accepted', 'break_glass', 'csrfmiddlewaretoken'].forEach((name) => fields.delete(name));
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
    const message = error instanceof Refused ? error.message : T.failed(String(error));
    if (!(error instanceof Refused)) {
      this.asked = ''; // it is worth another try
    }
    this.panel.classList.remove('is-stale');
    this.state.textContent = '';
    const isUnfilled = this.turn === 1 && error instanceof Refused && error.status === 400;
    this.body.replaceChildren(
      isUnfilled // nobody has done anything wrong yet
        ? h('p', { class: 'ft-subtle' }, message)
        : h('p', { class: 'is-bad', role: 'alert' }, message),
    );
    this.forbid(message);
    this.onShow({ plan: [], tried: 0, refused: [], sums: {} });
  }

  private show(answer: Preview): void {
    const refused = answer.refused.reduce((sum, each) => sum + each.total, 0);
    const well = answer.tried - refused;
    this.panel.classList.remove('is-stale');
    this.state.textContent = T.unwritten;
    this.body.replaceChildren(
      h(
        'p',
        { class: well ? 'is-good' : 'is-bad' },
        answer.tried === 1 && well ? T.succeeds : T.succeed(well, answer.tried),
      ),
      ...answer.refused.map((each) =>
        h('p', { class: 'is-bad', role: 'alert' }, `${each.total > 1 ? T.refused(each.total) : ''}${each.message}`),
      ),
      ...(answer.warnings ?? []).map((warning) => this.warning(warning, answer.tried)),
      ...(answer.notes ?? []).map((text) => h('p', { class: 'is-note' }, text)),
      ...Object.entries(T.titles)
        .filter(([name]) => answer.sums[name]?.length)
        .map(([name, title]) => this.counted(title, answer.sums[name] ?? [])),
      ...(answer.diffs ?? []).map(diff),
    );
    this.allowAccepted = () => {
      const open = this.body.querySelectorAll('[name="accepted"]:not(:checked)').length;
      this.allow();
      if (open) {
        this.forbid(T.risks(open), [this.apply, ...this.breaks]);
      }
    };
    if (well) {
      this.allowAccepted();
    } else {
      this.forbid(answer.refused[0]?.message ?? T.nothing);
    }
    showApproval(this.form, answer.approval ?? null);
    this.onShow(answer);
  }

  /** What harm it does: a red one has to be accepted, each time that it is told. */
  private warning(warning: Warning, tried: number): HTMLElement {
    const many = tried > 1 ? T.share(warning.total, tried) : '';
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
      h('span', {}, `${warning.reason}${many}`, h('small', { class: 'ft-subtle' }, T.accept)),
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
          h('li', {}, h('span', {}, row.name), h('span', { class: 'ft-subtle' }, number(row.total))),
        ),
      ),
    );
  }

  private get buttons(): HTMLElement[] {
    return [this.apply, ...this.drafts, ...this.breaks];
  }

  private forbid(why: string, buttons = this.buttons): void {
    for (const button of buttons) {
      button.setAttribute('aria-disabled', 'true');
      button.dataset.why = why;
      button.title = why;
    }
  }

  private allow(): void {
    for (const button of this.buttons) {
      button.removeAttribute('aria-disabled');
      delete button.dataset.why;
      button.title = button === this.apply ? T.keys : '';
    }
  }
}

/** Where a policy demands an approval, Apply asks for it. */
function showApproval(form: HTMLFormElement, approval: Approval | null): void {
  form.querySelectorAll<HTMLElement>('[data-if-governed]').forEach((each) => (each.hidden = approval === null));
  need('#apply', form).hidden = approval !== null;
  if (approval) {
    need('[data-policy]', form).textContent = approval.policy;
    const why = need('[data-why-not-break]', form);
    why.textContent = approval.whyNotBreak;
    why.hidden = !approval.whyNotBreak;
    need('[data-may-break]', form).hidden = Boolean(approval.whyNotBreak);
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
