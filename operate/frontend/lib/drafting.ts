/* What stands beside Apply: keeping the plan as a draft, asking for the approval that a policy demands, and breaking its glass. */

import { h, icon } from './dom';
import { texts } from './texts';

const T = texts({
  en: {
    draft: 'Save as draft…',
    request: 'Request approval',
    save: 'Save draft',
    update: 'Save changes',
    apply: 'Apply',
    section: 'As a draft',
    asDraft: 'As a draft…',
    title: 'Title',
    runAt: 'Not before',
    runAtHint: 'Without a time it is done as soon as it is approved.',
    demands: (policy: string) => `Policy ‘${policy}’ asks that somebody else approves this first.`,
    opened: (title: string) => `Draft ‘${title}’ is open. Saving it takes back what was requested.`,
    breakGlass: 'Break glass…',
    breakWhy: 'Why it cannot wait',
    breakHint: 'It is applied without an approval. Everybody who approves is told, with this reason.',
    breakNow: 'Break glass and apply',
    reasonFirst: 'Say first why it cannot wait.',
  },
  de: {
    draft: 'Als Entwurf speichern…',
    request: 'Freigabe anfragen',
    save: 'Entwurf speichern',
    update: 'Änderungen speichern',
    apply: 'Anwenden',
    section: 'Als Entwurf',
    asDraft: 'Als Entwurf…',
    title: 'Titel',
    runAt: 'Nicht vor',
    runAtHint: 'Ohne Zeitpunkt wird es angewendet, sobald es freigegeben ist.',
    demands: (policy) => `Die Regel „${policy}“ verlangt, dass zuerst jemand anderes freigibt.`,
    opened: (title) => `Der Entwurf „${title}“ ist geöffnet. Ihn zu speichern nimmt zurück, was angefragt war.`,
    breakGlass: 'Im Notfall…',
    breakWhy: 'Warum es nicht warten kann',
    breakHint: 'Es wird ohne Freigabe angewendet. Alle, die freigeben, werden mit diesem Grund benachrichtigt.',
    breakNow: 'Im Notfall ohne Freigabe anwenden',
    reasonFirst: 'Erst sagen, warum es nicht warten kann.',
  },
});

/** What the buttons say. */
export const asDraft = { request: T.request, save: T.asDraft };

/** The policy that demands an approval, and why its glass may not be broken by whoever sits here. */
export interface Approval {
  policy: string;
  whyNotBreak: string;
}

/** What is sent along when a plan becomes a draft. */
export interface DraftTerms {
  title: string;
  runAt: string;
  request: boolean;
  draft?: string;
  version?: string;
}

export interface OpenedDraft {
  key: string;
  title: string;
  version: string;
}

interface Uses {
  /** What the draft is called unless somebody says otherwise. */
  suggestTitle(): string;
  keep(terms: DraftTerms): Promise<void>;
  applyAnyway(reason: string): Promise<void>;
}

/** The header that tells the server why it is done without the approval that it needs. */
export function breaking(reason: string): Record<string, string> {
  return { 'X-Fettle-Break-Glass': encodeURIComponent(reason) };
}

export class Drafting {
  readonly element = h('section', { class: 'ft-drafting', hidden: true, 'aria-label': T.section });
  readonly toggle = h(
    'button',
    { type: 'button', class: 'ft-button', id: 'draft-toggle', 'aria-expanded': 'false', onclick: () => this.open() },
    T.draft,
  );
  private readonly title = h('input', { class: 'ft-input', id: 'draft-title', maxlength: 200, autocomplete: 'off' });
  private readonly runAt = h('input', { class: 'ft-input', id: 'draft-run-at', type: 'datetime-local' });
  private readonly glass = h('input', { class: 'ft-input', id: 'break-glass', maxlength: 500, autocomplete: 'off' });
  private readonly breakNow = h(
    'button',
    {
      type: 'button',
      class: 'ft-button ft-button-danger',
      id: 'break-now',
      onclick: () => void this.uses.applyAnyway(this.glass.value.trim()),
    },
    T.breakNow,
  );
  private approval: Approval | null = null;
  private opened: OpenedDraft | null = null;
  private isOpen = false;

  constructor(private readonly uses: Uses) {
    this.glass.addEventListener('input', () => this.enable());
    this.draw();
  }

  /** Whether a policy demands an approval, as far as is known. */
  get isNeeded(): boolean {
    return this.approval !== null;
  }

  /** What the button says that would apply the plan. */
  get action(): string {
    return this.isNeeded ? T.request : T.apply;
  }

  needs(approval: Approval | null): void {
    const isOther = approval?.policy !== this.approval?.policy;
    this.approval = approval;
    if (isOther) {
      this.draw();
    }
  }

  /** A draft was opened: saving changes it. */
  continues(opened: OpenedDraft | null): void {
    this.opened = opened;
    this.title.value = opened?.title ?? '';
    this.isOpen = opened !== null;
    this.draw();
  }

  /** The fields, whether or not a policy demands an approval. */
  show(): void {
    this.isOpen = true;
    this.draw();
    this.title.focus();
  }

  /** Keep the plan; `request` asks for its approval at once. */
  async keep(request: boolean): Promise<void> {
    const terms: DraftTerms = {
      title: this.title.value.trim() || this.uses.suggestTitle(),
      runAt: this.runAt.value,
      request,
    };
    await this.uses.keep(this.opened ? { ...terms, draft: this.opened.key, version: this.opened.version } : terms);
  }

  private open(): void {
    this.isOpen = !this.isOpen;
    this.draw();
    if (this.isOpen) {
      this.element.scrollIntoView({ block: 'nearest' });
      this.title.focus();
    }
  }

  private draw(): void {
    this.toggle.setAttribute('aria-expanded', String(this.isOpen));
    this.toggle.hidden = this.isNeeded;
    this.title.placeholder = this.uses.suggestTitle();
    this.element.hidden = !this.isOpen && !this.isNeeded;
    this.element.replaceChildren(
      ...[this.policy(), this.opened ? h('p', { class: 'ft-subtle' }, T.opened(this.opened.title)) : null].filter(
        (each) => each !== null,
      ),
      h('label', { class: 'ft-label', for: 'draft-title' }, T.title),
      this.title,
      h('label', { class: 'ft-label', for: 'draft-run-at' }, T.runAt),
      this.runAt,
      h('p', { class: 'ft-subtle' }, T.runAtHint),
      h(
        'div',
        { class: 'ft-form-buttons' },
        h(
          'button',
          { type: 'button', class: 'ft-button', id: 'draft-save', onclick: () => void this.keep(false) },
          this.opened ? T.update : T.save,
        ),
        this.isNeeded
          ? null
          : h(
              'button',
              { type: 'button', class: 'ft-button', id: 'draft-request', onclick: () => void this.keep(true) },
              T.request,
            ),
      ),
      ...this.glassBox(),
    );
    this.enable();
  }

  private policy(): HTMLElement | null {
    return this.approval
      ? h('p', { class: 'ft-draft-policy', role: 'status' }, icon('policy'), T.demands(this.approval.policy))
      : null;
  }

  private glassBox(): HTMLElement[] {
    if (!this.approval) {
      return [];
    }
    const why = this.approval.whyNotBreak;
    const inside = why
      ? [h('p', { class: 'ft-subtle' }, why)]
      : [
          h('label', { class: 'ft-label', for: 'break-glass' }, T.breakWhy),
          this.glass,
          h('p', { class: 'ft-subtle' }, T.breakHint),
          this.breakNow,
        ];
    return [h('details', { class: 'ft-break' }, h('summary', {}, T.breakGlass), ...inside)];
  }

  private enable(): void {
    const isReady = this.glass.value.trim() !== '';
    this.breakNow.setAttribute('aria-disabled', String(!isReady));
    this.breakNow.dataset.why = isReady ? '' : T.reasonFirst;
    this.breakNow.title = isReady ? '' : T.reasonFirst;
  }
}
