/* The review of a plan, beside the diagram: its rows, what it would do (tried without changing anything), what harm, and applying it. */

import type { Diagram } from './diagram';
import { h, icon, toast } from './dom';
import { type Approval, breaking, Drafting, type DraftTerms, type OpenedDraft } from './drafting';
import { Refused } from './http';
import { pretty } from './json';
import type { PanelState } from './panels';
import { type GivenRow, type Plan, type PlanOptions, type PlanRow, rowsOf } from './plan';
import { PlannedVariables, type Subject } from './planned';
import { texts } from './texts';

const T = texts({
  en: {
    why: 'Why? Goes into the audit log',
    apply: 'Apply',
    empty: 'The plan is empty.',
    trying: 'Trying it without changing anything…',
    title: 'Apply modifications',
    close: 'Close the review',
    setVariables: 'Set variables',
    viewValue: 'View the value',
    viewChange: 'View the change',
    copyJson: 'Copy as JSON',
    copyCurl: 'Copy as curl',
    reason: 'Reason',
    back: 'Back to the plan',
    earlier: 'Earlier',
    later: 'Later',
    remove: 'Delete',
    scope: 'Scope of the variables',
    variables: 'Variables',
    skipListeners: 'Skip listeners',
    skipListenersHint: 'Execution and task listeners are not called by this command.',
    skipMappings: 'Skip input and output mappings',
    skipMappingsHint: 'Mappings are not evaluated by this command.',
    inGivenOrder: 'From top to bottom',
    inGivenOrderHint:
      'Otherwise all tokens start before any is canceled, so that a scope which gains one does not end in between.',
    refused: 'The engine would refuse this plan.',
    acceptFirst: 'Accept what is red, or change the plan.',
    allOrNothing: 'All of it is applied, or nothing.',
    accept: 'Accept, and note it in the audit log',
    rebase: 'Show the present state and keep the plan',
    copied: (what: string) => `Copied as ${what}.`,
    begun: (names: string) => `begun: ${names}`,
    ended: (names: string) => `ended: ${names}`,
    changed: (names: string) => `variables: ${names}`,
    since: 'Since then:',
    completes: 'The process instance completes.',
    isCanceled: 'Nothing remains active: the process instance is canceled.',
    preview: 'Preview (nothing has been changed yet)',
    activates: '+ activates',
    runsThrough: '✓ runs through',
    terminates: '− terminates',
    waitsFor: '+ waits for',
    waitsNoMore: '− no longer waits for',
    incident: (name: string, label: string) => `Incident at ${name}: ${label}`,
    unfinished: 'The model can do more than was looked at: warnings may be missing.',
    inScope: (scope: string) => ` in ${scope}`,
    deleted: ' deleted',
  },
  de: {
    why: 'Warum? Steht dann im Audit-Log',
    apply: 'Anwenden',
    empty: 'Der Plan ist leer.',
    trying: 'Wird probiert, ohne etwas zu ändern…',
    title: 'Änderungen anwenden',
    close: 'Prüfung schließen',
    setVariables: 'Variablen setzen',
    viewValue: 'Wert ansehen',
    viewChange: 'Änderung ansehen',
    copyJson: 'Als JSON kopieren',
    copyCurl: 'Als curl kopieren',
    reason: 'Grund',
    back: 'Zurück zum Plan',
    earlier: 'Früher',
    later: 'Später',
    remove: 'Löschen',
    scope: 'Scope der Variablen',
    variables: 'Variablen',
    skipListeners: 'Listener überspringen',
    skipListenersHint: 'Execution- und Task-Listener werden bei diesem Befehl nicht aufgerufen.',
    skipMappings: 'Ein- und Ausgabe-Mappings überspringen',
    skipMappingsHint: 'Mappings werden bei diesem Befehl nicht ausgewertet.',
    inGivenOrder: 'Von oben nach unten',
    inGivenOrderHint:
      'Sonst starten alle Token, bevor eines abgebrochen wird, damit ein Scope, der eines dazubekommt, nicht zwischendurch endet.',
    refused: 'Die Engine würde diesen Plan ablehnen.',
    acceptFirst: 'Akzeptieren, was rot ist, oder den Plan ändern.',
    allOrNothing: 'Alles davon wird angewendet oder nichts.',
    accept: 'Akzeptieren und im Audit-Log vermerken',
    rebase: 'Aktuellen Stand zeigen und den Plan behalten',
    copied: (what) => `Als ${what} kopiert.`,
    begun: (names) => `begonnen: ${names}`,
    ended: (names) => `beendet: ${names}`,
    changed: (names) => `Variablen: ${names}`,
    since: 'Seither:',
    completes: 'Die Prozessinstanz wird abgeschlossen.',
    isCanceled: 'Nichts bleibt aktiv: Die Prozessinstanz wird abgebrochen.',
    preview: 'Vorschau (noch ist nichts geändert)',
    activates: '+ aktiviert',
    runsThrough: '✓ durchläuft',
    terminates: '− beendet',
    waitsFor: '+ wartet auf',
    waitsNoMore: '− wartet nicht mehr auf',
    incident: (name, label) => `Vorfall bei ${name}: ${label}`,
    unfinished: 'Das Modell kann mehr, als angesehen wurde: Es können Warnungen fehlen.',
    inScope: (scope) => ` in ${scope}`,
    deleted: ' gelöscht',
  },
});

export const ICONS = { add: 'add_circle', cancel: 'block', move: 'arrow_forward', set: 'data_object' };
const SEVERITIES = { red: 'error', yellow: 'warning', info: 'info' };
const TRY_AFTER_MS = 250;
const MOST_TITLE = 200;

interface Told {
  id: string;
  name: string;
  total: number;
}
interface Fix {
  label: string;
  kind: string;
  add: GivenRow[];
  delete: number[];
  row: number | null;
  variables: string[];
}
interface Warning {
  code: string;
  severity: keyof typeof SEVERITIES;
  elements: string[];
  reason: string;
  rows: number[];
  fixes: Fix[];
}
interface VariableChange {
  name: string;
  scope: string;
  before: string | null;
  after: string | null;
}
interface Preview {
  state: string;
  activated: Told[];
  completed: Told[];
  terminated: Told[];
  ends: string[];
  waits: Told[];
  waitsNoMore: Told[];
  called: string[];
  variables: VariableChange[];
  incidents: { name: string; label: string }[];
  warnings: Warning[];
  isEverythingLookedAt: boolean;
  approval?: Approval | null;
}
interface Changes {
  /** What others have done, in sentences. */
  told?: string[];
  elements_begun?: { element_id: string }[];
  elements_ended?: { element_id: string }[];
  variables?: { name: string }[];
}
interface Export {
  sentences: string[];
  json: string;
  curl: string;
  leavesOut: string[];
}

/** What the review needs of the modification mode. */
interface Mode {
  readonly plan: Plan;
  readonly diagram: Diagram;
  readonly tree: { markEnding(keys: readonly string[]): void };
  readonly page: string;
  /** Every scope that variables can be planned for. */
  readonly subjects: readonly Subject[];
  readonly hasOrder: boolean;
  sentence(row: PlanRow): string;
  nameOf(id: string): string;
  send<T>(more: Record<string, unknown>, path?: string, headers?: Record<string, string>): Promise<T>;
  keep(terms: DraftTerms, reason: string): Promise<void>;
  applied(state: PanelState): void;
  rebase(): Promise<void>;
  showBadges(): void;
}

export class Review {
  private readonly list = h('div', { class: 'ft-plan' });
  private readonly preview = h('div', { class: 'ft-preview', 'aria-live': 'polite' });
  private readonly warnings = h('div', { class: 'ft-harms', 'aria-live': 'polite' });
  private readonly problem = h('p', { class: 'ft-error', role: 'alert' });
  private readonly notes = h('div', { class: 'ft-plan-notes' });
  private readonly options = h('div', { class: 'ft-plan-options' });
  private readonly reason = h('input', {
    class: 'ft-input',
    id: 'plan-reason',
    maxlength: 500,
    autocomplete: 'off',
    placeholder: T.why,
  });
  private readonly why = h('span', { class: 'ft-subtle ft-grow' });
  private readonly apply = h(
    'button',
    { type: 'button', class: 'ft-button ft-button-primary', id: 'plan-apply', onclick: () => this.act() },
    T.apply,
  );
  private readonly drafting: Drafting;
  private readonly scope = h('select', {
    class: 'ft-input',
    'aria-label': T.scope,
    onchange: () => this.showVariables(this.scope.selectedIndex),
  });
  private readonly planned: PlannedVariables;
  private readonly variables = h('div', { class: 'ft-planned', hidden: true, id: 'review-variables' });
  /** The variables whose value is looked at. */
  private readonly looked = new Set<number>();
  private wrong: number | null = null;
  private tried: Preview | null = null;
  private accepted = new Set<string>();
  private turn = 0;
  private waiting = 0;

  constructor(
    private readonly mode: Mode,
    private readonly dialog: HTMLDialogElement,
  ) {
    this.drafting = new Drafting({
      suggestTitle: () =>
        mode.plan.rows
          .map((row) => mode.sentence(row))
          .join(', ')
          .slice(0, MOST_TITLE),
      keep: (terms) => this.keep(terms),
      applyAnyway: (reason) => this.submit(breaking(reason)),
    });
    const host = h('div', {});
    this.planned = new PlannedVariables(host, mode.page, () => mode.plan);
    this.variables.append(this.scope, host);
    dialog.classList.add('ft-drawer');
    dialog.addEventListener('keydown', (event) => this.key(event));
  }

  /** With what cannot be put right by the rows, and a reason to start from. */
  open(notes: string[] = [], reason = ''): void {
    this.notes.replaceChildren(...notes.map((note) => h('p', {}, note)));
    this.reason.value ||= reason;
    if (!this.dialog.open) {
      this.build();
      this.dialog.show();
      this.makeRoom(true);
      this.reason.focus();
    }
    this.planChanged();
  }

  close(): void {
    if (this.dialog.open) {
      this.variables.hidden = true;
      this.dialog.close();
      this.makeRoom(false);
      this.show(null);
      this.mode.showBadges();
    }
  }

  /** The diagram stays in sight, beside the review. */
  private makeRoom(isOpen: boolean): void {
    document.body.classList.toggle('is-reviewing', isOpen);
    this.mode.diagram.fit();
  }

  /** The rows are others than before: show them, and try them again. */
  planChanged(): void {
    if (!this.dialog.open) {
      return;
    }
    this.wrong = null;
    this.problem.replaceChildren();
    this.draw();
    this.turn += 1;
    this.apply.disabled = true;
    window.clearTimeout(this.waiting);
    if (!this.mode.plan.rows.length) {
      this.show(null);
      this.preview.replaceChildren(T.empty);
      return;
    }
    this.preview.replaceChildren(T.trying);
    this.waiting = window.setTimeout(() => void this.tryIt(this.turn), this.tried ? TRY_AFTER_MS : 0);
  }

  private build(): void {
    const plainly = (label: string, act: () => void): HTMLElement =>
      h('button', { type: 'button', class: 'ft-link', onclick: act }, label);
    this.dialog.replaceChildren(
      h(
        'header',
        { class: 'ft-dialog-header' },
        h('h2', { id: 'summary-title' }, T.title),
        h(
          'button',
          { type: 'button', class: 'ft-icon-button', 'aria-label': T.close, onclick: () => this.close() },
          icon('close'),
        ),
      ),
      h(
        'div',
        { class: 'ft-dialog-body' },
        this.list,
        this.variables,
        h(
          'div',
          { class: 'ft-plan-more' },
          plainly(T.setVariables, () => this.showVariables(0)),
          plainly(T.copyJson, () => void this.copy('json')),
          plainly(T.copyCurl, () => void this.copy('curl')),
        ),
        this.problem,
        this.notes,
        this.warnings,
        this.preview,
        this.options,
        h('label', { class: 'ft-label', for: 'plan-reason' }, T.reason),
        this.reason,
        this.drafting.element,
      ),
      h(
        'footer',
        { class: 'ft-dialog-footer' },
        this.why,
        h('button', { type: 'button', class: 'ft-button ft-button-plain', onclick: () => this.close() }, T.back),
        this.drafting.toggle,
        this.apply,
      ),
    );
  }

  private key(event: KeyboardEvent): void {
    const isField = event.target === this.reason;
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey || isField)) {
      event.preventDefault();
      this.act();
    }
  }

  /** What the button says: apply it, or ask for the approval that it needs. */
  private act(): void {
    if (!this.apply.disabled) {
      void (this.drafting.isNeeded ? this.drafting.keep(true) : this.submit());
    }
  }

  /** A draft was opened here: its reason, and where changes of the plan go. */
  continues(opened: OpenedDraft, reason: string): void {
    this.drafting.continues(opened);
    this.reason.value = reason;
  }

  // -- rows

  private draw(): void {
    const { rows } = this.mode.plan;
    this.list.replaceChildren(...rows.map((row, position) => this.row(row, position)));
    this.options.replaceChildren(...this.choices());
    if (!this.variables.hidden) {
      this.planned.draw();
    }
  }

  private row(row: PlanRow, position: number): HTMLElement {
    const { plan, hasOrder } = this.mode;
    const button = (label: string, name: string, act: () => void, isOff = false): HTMLElement =>
      h(
        'button',
        {
          type: 'button',
          class: 'ft-icon-button',
          'aria-label': `${label}: ${this.mode.sentence(row)}`,
          disabled: isOff,
          onclick: act,
        },
        icon(name),
      );
    const isOrdered = hasOrder && plan.options.inGivenOrder && plan.rows.length > 1;
    return h(
      'div',
      { class: `ft-plan-row${position === this.wrong ? ' is-wrong' : ''}`, 'data-kind': row.kind },
      h(
        'div',
        { class: 'ft-plan-line' },
        icon(ICONS[row.kind]),
        h('span', { class: 'ft-plan-sentence' }, this.mode.sentence(row)),
        row.kind === 'add' || row.kind === 'move'
          ? button(T.variables, 'data_object', () => this.giveVariables(row))
          : null,
        isOrdered ? button(T.earlier, 'arrow_upward', () => plan.shift(row.id, -1), position === 0) : null,
        isOrdered
          ? button(T.later, 'arrow_downward', () => plan.shift(row.id, 1), position === plan.rows.length - 1)
          : null,
        button(T.remove, 'delete', () => plan.remove(row.id)),
      ),
      row.kind === 'set' ? this.viewer(row) : null,
    );
  }

  /** The value of a variable: as it will be, or beside what it was. */
  private viewer(row: PlanRow): HTMLElement {
    const place = h('div', { class: 'ft-editor' });
    const details = h(
      'details',
      { class: 'ft-plan-value', open: this.looked.has(row.id) },
      h('summary', {}, row.before === null ? T.viewValue : T.viewChange),
      place,
    );
    const show = async (): Promise<void> => {
      const { JsonEditor } = await import('./editor');
      const label = this.mode.sentence(row);
      const [text, original] = [pretty(row.value), pretty(row.before ?? '')];
      place.replaceChildren();
      new JsonEditor(place, { text, original, label, isReadOnly: true }, row.before === null ? 'read' : 'compare');
    };
    details.addEventListener('toggle', () => {
      details.open ? this.looked.add(row.id) : this.looked.delete(row.id);
      if (details.open) {
        void show();
      }
    });
    return details;
  }

  /** Room for the variables of the innermost scope that a row brings; those that are known to be missing are begun. */
  private giveVariables(row: PlanRow, names: string[] = ['']): void {
    const position = this.mode.subjects.findLastIndex((each) => each.place.of === row.id);
    if (position >= 0) {
      this.showVariables(position, names);
    }
  }

  private showVariables(position: number, names: string[] = []): void {
    const { subjects } = this.mode;
    const subject = subjects[position];
    if (!subject) {
      return;
    }
    this.scope.replaceChildren(...subjects.map((each) => h('option', {}, each.label)));
    this.scope.selectedIndex = position;
    this.variables.hidden = false;
    void this.planned.show(subject);
    this.planned.begin(...names);
  }

  private choices(): HTMLElement[] {
    const { plan, hasOrder } = this.mode;
    const box = (name: keyof PlanOptions, label: string, hint: string): HTMLElement =>
      h(
        'label',
        { title: hint },
        h('input', {
          type: 'checkbox',
          checked: plan.options[name],
          'data-option': name,
          onchange: (event) => plan.choose({ [name]: (event.target as HTMLInputElement).checked }),
        }),
        ` ${label}`,
      );
    return [
      box('skipListeners', T.skipListeners, T.skipListenersHint),
      box('skipMappings', T.skipMappings, T.skipMappingsHint),
      ...(hasOrder ? [box('inGivenOrder', T.inGivenOrder, T.inGivenOrderHint)] : []),
    ];
  }

  // -- trying

  private async tryIt(turn: number): Promise<void> {
    try {
      const found = await this.mode.send<Preview>({ dryRun: true });
      if (turn === this.turn) {
        this.show(found);
      }
    } catch (error) {
      if (turn === this.turn) {
        this.show(null);
        this.preview.replaceChildren(T.refused);
        this.refuse(error);
      }
    }
  }

  private show(found: Preview | null): void {
    this.tried = found;
    if (found) {
      this.drafting.needs(found.approval ?? null);
    }
    this.warnings.replaceChildren(...(found?.warnings ?? []).map((each) => this.warning(each)));
    this.preview.replaceChildren(...(found ? previewed(found) : []));
    this.mode.diagram.showOutcome(found);
    this.mode.tree.markEnding(found?.ends ?? []);
    this.enable();
  }

  private enable(): void {
    const open = (this.tried?.warnings ?? []).filter((each) => each.severity === 'red' && !this.isAccepted(each));
    const { isNeeded } = this.drafting;
    this.apply.disabled = !this.tried || (open.length > 0 && !isNeeded);
    this.apply.textContent = this.drafting.action;
    this.why.textContent = isNeeded ? '' : open.length ? T.acceptFirst : T.allOrNothing;
  }

  private isAccepted(warning: Warning): boolean {
    return this.accepted.has(identity(warning));
  }

  private warning(warning: Warning): HTMLElement {
    const { diagram } = this.mode;
    const accept = h('input', {
      type: 'checkbox',
      checked: this.isAccepted(warning),
      onchange: (event) => {
        const isOn = (event.target as HTMLInputElement).checked;
        isOn ? this.accepted.add(identity(warning)) : this.accepted.delete(identity(warning));
        this.enable();
      },
    });
    const fixes = warning.fixes.filter((fix) => fix.add.length || fix.delete.length || fix.row !== null);
    return h(
      'div',
      {
        class: `ft-harm ft-harm-${warning.severity}`,
        'data-code': warning.code,
        onmouseenter: () => diagram.mark('is-warned', warning.elements),
        onmouseleave: () => diagram.mark('is-warned', []),
      },
      icon(SEVERITIES[warning.severity]),
      h(
        'div',
        { class: 'ft-grow' },
        h('p', {}, warning.reason),
        h(
          'div',
          { class: 'ft-harm-fixes' },
          ...fixes.map((fix) =>
            h('button', { type: 'button', class: 'ft-link', onclick: () => this.takeOver(fix) }, fix.label),
          ),
          warning.severity === 'red' ? h('label', {}, accept, ` ${T.accept}`) : null,
        ),
      ),
    );
  }

  private takeOver(fix: Fix): void {
    const { plan } = this.mode;
    const doomed = fix.delete.map((position) => plan.rows[position]?.id ?? 0);
    if (doomed.length) {
      plan.remove(...doomed);
    }
    if (fix.add.length) {
      plan.add(...rowsOf(fix.add));
    }
    const lacking = fix.row === null ? undefined : plan.rows[fix.row];
    if (lacking && fix.variables.length) {
      this.giveVariables(lacking, fix.variables);
    }
  }

  private refuse(error: unknown): void {
    this.problem.textContent = error instanceof Refused ? error.message : String(error);
    if (!(error instanceof Refused)) {
      return;
    }
    const { changes, row, approval } = error.body as {
      changes?: Changes;
      row?: number | null;
      approval?: Approval;
    };
    if (approval) {
      this.drafting.needs(approval);
    }
    this.wrong = row ?? null;
    this.draw();
    if (changes) {
      this.problem.append(
        h(
          'span',
          { class: 'ft-plan-changes' },
          ...told(changes, (id) => this.mode.nameOf(id)).map((each) => h('span', {}, each)),
        ),
        h(
          'button',
          { type: 'button', class: 'ft-link', onclick: () => void this.mode.rebase().then(() => this.planChanged()) },
          T.rebase,
        ),
      );
    }
  }

  // -- applying

  private async keep(terms: DraftTerms): Promise<void> {
    try {
      await this.mode.keep(terms, this.reason.value);
    } catch (error) {
      this.refuse(error);
    }
  }

  private async submit(headers: Record<string, string> = {}): Promise<void> {
    this.apply.disabled = true;
    const accepted = (this.tried?.warnings ?? [])
      .filter((each) => each.severity === 'red' && this.isAccepted(each))
      .map(({ code, elements }) => ({ code, elements }));
    try {
      const what = { dryRun: false, reason: this.reason.value, accepted };
      const state = await this.mode.send<PanelState>(what, 'modify', headers);
      this.close();
      this.reason.value = '';
      this.accepted.clear();
      this.mode.applied(state);
    } catch (error) {
      this.refuse(error);
      this.enable();
    }
  }

  private async copy(what: 'json' | 'curl'): Promise<void> {
    try {
      const found = await this.mode.send<Export>({}, 'plan');
      await navigator.clipboard.writeText(found[what]);
      const left = what === 'curl' ? found.leavesOut.join(' ') : '';
      toast(left || T.copied(what), left ? 'warning' : 'success');
    } catch (error) {
      toast(error instanceof Refused ? error.message : String(error), 'error');
    }
  }
}

function identity(warning: Warning): string {
  return [warning.code, ...[...warning.elements].sort()].join(' ');
}

/** What has happened since the plan was made, in a few lines. */
function told(changes: Changes, nameOf: (id: string) => string): string[] {
  const names = (rows?: { element_id: string }[]): string =>
    [...new Set((rows ?? []).map((row) => nameOf(row.element_id)))].join(', ');
  const lines = [
    (changes.told ?? []).join('; '),
    changes.elements_begun?.length ? T.begun(names(changes.elements_begun)) : '',
    changes.elements_ended?.length ? T.ended(names(changes.elements_ended)) : '',
    changes.variables?.length ? T.changed(changes.variables.map((each) => each.name).join(', ')) : '',
  ].filter(Boolean);
  return lines.length ? [T.since, ...lines] : [];
}

function previewed(preview: Preview): HTMLElement[] {
  const line = (label: string, kind: string, rows: Told[]): HTMLElement | null =>
    rows.length
      ? h(
          'div',
          {},
          h('span', { class: `ft-preview-${kind}` }, `${label} `),
          rows.map((row) => row.name + (row.total > 1 ? ` ×${row.total}` : '')).join(', '),
        )
      : null;
  const done = new Set(preview.completed.map((row) => row.id));
  const stays = preview.activated.filter((row) => !done.has(row.id));
  const ends = {
    COMPLETED: T.completes,
    CANCELED: T.isCanceled,
  }[preview.state];
  return [
    h('h3', {}, T.preview),
    line(T.activates, 'plus', stays),
    line(T.runsThrough, 'plus', preview.completed),
    line(T.terminates, 'minus', preview.terminated),
    line(T.waitsFor, 'plus', preview.waits),
    line(T.waitsNoMore, 'minus', preview.waitsNoMore),
    ...preview.variables.map((each) => variable(each)),
    ...preview.called.map((each) => h('div', { class: 'ft-preview-called' }, each)),
    ...preview.incidents.map((each) => h('div', { class: 'ft-preview-warning' }, T.incident(each.name, each.label))),
    ends ? h('div', { class: 'ft-preview-warning' }, ends) : null,
    preview.isEverythingLookedAt ? null : h('div', { class: 'ft-subtle' }, T.unfinished),
  ].filter((each): each is HTMLElement => each !== null);
}

function variable({ name, scope, before, after }: VariableChange): HTMLElement {
  return h(
    'div',
    { class: 'ft-preview-variable' },
    h('b', {}, name),
    scope ? h('span', { class: 'ft-subtle' }, T.inScope(scope)) : null,
    ': ',
    before === null ? null : h('del', {}, shortened(before)),
    before === null || after === null ? null : ' → ',
    after === null ? T.deleted : h('ins', {}, shortened(after)),
  );
}

const SHOWN = 80;

function shortened(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
