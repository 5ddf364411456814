/* The review of a plan, beside the diagram: its rows, what it would do (tried without changing anything), what harm, and applying it. */

import type { Diagram } from './diagram';
import { h, icon, toast } from './dom';
import { Refused } from './http';
import { faultIn } from './json';
import type { PanelState } from './panels';
import type { NewRow, Plan, PlanOptions, PlanRow } from './plan';

export const ICONS = { add: 'add_circle', cancel: 'block', move: 'arrow_forward', set: 'data_object' };
const SEVERITIES = { red: 'error', yellow: 'warning', info: 'info' };
const TRY_AFTER_MS = 250;

interface Told {
  id: string;
  name: string;
  total: number;
}
interface Fix {
  label: string;
  kind: string;
  add: { kind: PlanRow['kind']; element: string; ancestor?: string; key?: string }[];
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
}
interface Changes {
  commands?: { at: string; actor: string; event: string; subject: string }[];
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
  readonly scopes: readonly { key: string; label: string }[];
  readonly hasOrder: boolean;
  sentence(row: PlanRow): string;
  nameOf(id: string): string;
  scopesOf(row: PlanRow): { id: string; label: string }[];
  send<T>(more: Record<string, unknown>, path?: string): Promise<T>;
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
    placeholder: 'Why? Goes into the audit log',
  });
  private readonly why = h('span', { class: 'ft-subtle ft-grow' });
  private readonly apply = h(
    'button',
    { type: 'button', class: 'ft-button ft-button-primary', id: 'plan-apply', onclick: () => void this.submit() },
    'Apply',
  );
  private wrong: number | null = null;
  private tried: Preview | null = null;
  private accepted = new Set<string>();
  private turn = 0;
  private waiting = 0;

  constructor(
    private readonly mode: Mode,
    private readonly dialog: HTMLDialogElement,
  ) {
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
      this.preview.replaceChildren('The plan is empty.');
      return;
    }
    this.preview.replaceChildren('Trying it without changing anything…');
    this.waiting = window.setTimeout(() => void this.tryIt(this.turn), this.tried ? TRY_AFTER_MS : 0);
  }

  private build(): void {
    const plainly = (label: string, act: () => void): HTMLElement =>
      h('button', { type: 'button', class: 'ft-link', onclick: act }, label);
    this.dialog.replaceChildren(
      h(
        'header',
        { class: 'ft-dialog-header' },
        h('h2', { id: 'summary-title' }, 'Apply modifications'),
        h(
          'button',
          { type: 'button', class: 'ft-icon-button', 'aria-label': 'Close the review', onclick: () => this.close() },
          icon('close'),
        ),
      ),
      h(
        'div',
        { class: 'ft-dialog-body' },
        this.list,
        h(
          'div',
          { class: 'ft-plan-more' },
          plainly('Set variables', () => this.addVariables()),
          plainly('Copy as JSON', () => void this.copy('json')),
          plainly('Copy as curl', () => void this.copy('curl')),
        ),
        this.problem,
        this.notes,
        this.warnings,
        this.preview,
        this.options,
        h('label', { class: 'ft-label', for: 'plan-reason' }, 'Reason'),
        this.reason,
      ),
      h(
        'footer',
        { class: 'ft-dialog-footer' },
        this.why,
        h(
          'button',
          { type: 'button', class: 'ft-button ft-button-plain', onclick: () => this.close() },
          'Back to the plan',
        ),
        this.apply,
      ),
    );
  }

  private key(event: KeyboardEvent): void {
    const isField = event.target === this.reason;
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey || isField)) {
      event.preventDefault();
      void this.submit();
    }
  }

  // -- rows

  private draw(): void {
    const { rows } = this.mode.plan;
    this.list.replaceChildren(...rows.map((row, position) => this.row(row, position)));
    this.options.replaceChildren(...this.choices());
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
        isOrdered ? button('Earlier', 'arrow_upward', () => plan.shift(row.id, -1), position === 0) : null,
        isOrdered
          ? button('Later', 'arrow_downward', () => plan.shift(row.id, 1), position === plan.rows.length - 1)
          : null,
        button('Delete', 'delete', () => plan.remove(row.id)),
      ),
      row.kind === 'cancel' ? null : this.variables(row),
    );
  }

  private variables(row: PlanRow): HTMLElement {
    const isSet = row.kind === 'set';
    const text = h('textarea', {
      class: 'ft-input',
      rows: 3,
      spellcheck: 'false',
      'aria-label': 'Variables (JSON object)',
      placeholder: '{"amount": 100}',
    });
    text.value = row.variables;
    const choices = isSet
      ? this.mode.scopes.map((each) => ({ id: each.key, label: each.label }))
      : this.mode.scopesOf(row);
    const chosen = isSet ? row.key : row.scope;
    const scope = h(
      'select',
      { class: 'ft-input', 'aria-label': 'Scope of the variables' },
      ...choices.map((each) => h('option', { value: each.id, selected: each.id === chosen }, each.label)),
    );
    const fault = h('p', { class: 'ft-error', role: 'alert' });
    const change = (): void => {
      const error = text.value.trim() ? faultIn(text.value) : null;
      fault.textContent = error ?? '';
      if (!error && (text.value !== row.variables || scope.value !== chosen)) {
        const place = isSet ? { key: scope.value } : { scope: scope.value };
        this.mode.plan.change(row.id, { variables: text.value, ...place });
      }
    };
    text.addEventListener('change', change);
    scope.addEventListener('change', change);
    const fields = h('div', { class: 'ft-plan-vars' }, text, fault, choices.length > 1 ? scope : null);
    return h('details', { open: isSet || Boolean(row.variables) }, h('summary', {}, 'Variables'), fields);
  }

  private addVariables(): void {
    const key = this.mode.scopes[0]?.key ?? '';
    this.mode.plan.add({ kind: 'set', element: '', tokens: 0, key });
    this.list.querySelector<HTMLElement>('.ft-plan-row:last-child textarea')?.focus();
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
      box('skipListeners', 'Skip listeners', 'Execution and task listeners are not called by this command.'),
      box('skipMappings', 'Skip input and output mappings', 'Mappings are not evaluated by this command.'),
      ...(hasOrder
        ? [
            box(
              'inGivenOrder',
              'From top to bottom',
              'Otherwise all tokens start before any is canceled, so that a scope which gains one does not end in between.',
            ),
          ]
        : []),
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
        this.preview.replaceChildren('The engine would refuse this plan.');
        this.refuse(error);
      }
    }
  }

  private show(found: Preview | null): void {
    this.tried = found;
    this.warnings.replaceChildren(...(found?.warnings ?? []).map((each) => this.warning(each)));
    this.preview.replaceChildren(...(found ? previewed(found) : []));
    this.mode.diagram.showOutcome(found);
    markInTree(found?.ends ?? []);
    this.enable();
  }

  private enable(): void {
    const open = (this.tried?.warnings ?? []).filter((each) => each.severity === 'red' && !this.isAccepted(each));
    this.apply.disabled = !this.tried || open.length > 0;
    this.why.textContent = open.length
      ? 'Accept what is red, or change the plan.'
      : 'All of it is applied, or nothing.';
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
          warning.severity === 'red' ? h('label', {}, accept, ' Accept, and note it in the audit log') : null,
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
      plan.add(...fix.add.map((row): NewRow => ({ tokens: 1, ...row })));
    }
    const lacking = fix.row === null ? undefined : plan.rows[fix.row];
    if (lacking) {
      this.askFor(lacking, fix.variables);
    }
  }

  /** Room for the variables that are missing, to be filled in. */
  private askFor(row: PlanRow, names: string[]): void {
    const empty = Object.fromEntries(names.map((name) => [name, null]));
    if (!row.variables.trim()) {
      this.mode.plan.change(row.id, { variables: JSON.stringify(empty, null, 2) });
    }
    const position = this.mode.plan.rows.findIndex((each) => each.id === row.id);
    this.list.querySelectorAll<HTMLElement>('.ft-plan-row')[position]?.querySelector('textarea')?.focus();
  }

  private refuse(error: unknown): void {
    this.problem.textContent = error instanceof Refused ? error.message : String(error);
    if (!(error instanceof Refused)) {
      return;
    }
    const { changes, row } = error.body as { changes?: Changes; row?: number | null };
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
          'Show the present state and keep the plan',
        ),
      );
    }
  }

  // -- applying

  private async submit(): Promise<void> {
    if (this.apply.disabled) {
      return;
    }
    this.apply.disabled = true;
    const accepted = (this.tried?.warnings ?? [])
      .filter((each) => each.severity === 'red' && this.isAccepted(each))
      .map(({ code, elements }) => ({ code, elements }));
    try {
      const state = await this.mode.send<PanelState>({ dryRun: false, reason: this.reason.value, accepted });
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
      toast(left || `Copied as ${what}.`, left ? 'warning' : 'success');
    } catch (error) {
      toast(error instanceof Refused ? error.message : String(error), 'error');
    }
  }
}

function identity(warning: Warning): string {
  return [warning.code, ...[...warning.elements].sort()].join(' ');
}

function markInTree(keys: readonly string[]): void {
  const ending = new Set(keys);
  for (const row of document.querySelectorAll<HTMLElement>('#panel-history .ft-tree-row')) {
    row.classList.toggle('is-ending', ending.has(row.dataset.key ?? ''));
  }
}

/** What has happened since the plan was made, in a few lines. */
function told(changes: Changes, nameOf: (id: string) => string): string[] {
  const names = (rows?: { element_id: string }[]): string =>
    [...new Set((rows ?? []).map((row) => nameOf(row.element_id)))].join(', ');
  const lines = [
    (changes.commands ?? [])
      .map((each) => `${each.actor || 'The engine'}: ${each.event} ${each.subject.toLowerCase()}`)
      .join('; '),
    changes.elements_begun?.length ? `begun: ${names(changes.elements_begun)}` : '',
    changes.elements_ended?.length ? `ended: ${names(changes.elements_ended)}` : '',
    changes.variables?.length ? `variables: ${changes.variables.map((each) => each.name).join(', ')}` : '',
  ].filter(Boolean);
  return lines.length ? ['Since then:', ...lines] : [];
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
    COMPLETED: 'The process instance completes.',
    CANCELED: 'Nothing remains active: the process instance is canceled.',
  }[preview.state];
  return [
    h('h3', {}, 'Preview (nothing has been changed yet)'),
    line('+ activates', 'plus', stays),
    line('✓ runs through', 'plus', preview.completed),
    line('− terminates', 'minus', preview.terminated),
    line('+ waits for', 'plus', preview.waits),
    line('− no longer waits for', 'minus', preview.waitsNoMore),
    ...preview.variables.map((each) => variable(each)),
    ...preview.called.map((each) => h('div', { class: 'ft-preview-called' }, each)),
    ...preview.incidents.map((each) =>
      h('div', { class: 'ft-preview-warning' }, `Incident at ${each.name}: ${each.label}`),
    ),
    ends ? h('div', { class: 'ft-preview-warning' }, ends) : null,
    preview.isEverythingLookedAt
      ? null
      : h('div', { class: 'ft-subtle' }, 'The model can do more than was looked at: warnings may be missing.'),
  ].filter((each): each is HTMLElement => each !== null);
}

function variable({ name, scope, before, after }: VariableChange): HTMLElement {
  return h(
    'div',
    { class: 'ft-preview-variable' },
    h('b', {}, name),
    scope ? h('span', { class: 'ft-subtle' }, ` in ${scope}`) : null,
    ': ',
    before === null ? null : h('del', {}, shortened(before)),
    before === null || after === null ? null : ' → ',
    after === null ? ' deleted' : h('ins', {}, shortened(after)),
  );
}

const SHOWN = 80;

function shortened(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
