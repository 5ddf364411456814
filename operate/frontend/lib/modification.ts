/* The modification mode: plan changes on the diagram, see them, try them, apply them at once.
 *
 * What is allowed comes from the server, with reasons; here is only what the plan itself implies.
 */

import type { Diagram } from './diagram';
import { h, icon, isTyping, need, toast } from './dom';
import type { DraftTerms } from './drafting';
import { getJson, postJson, Refused } from './http';
import type { HistoryTree, Pending } from './history';
import type { Panels, PanelState } from './panels';
import { introduce, mayDiscard, onLeaving } from './mode_dialogs';
import { type GivenRow, Plan, type PlanOptions, type PlanRow, rowsOf, written } from './plan';
import { PlannedVariables, type Subject } from './planned';
import { ICONS, Review } from './review';
import { shortcuts } from './shortcuts';
import { texts } from './texts';

const DRAFTS = '/operate/draft/';
const T = texts({
  en: {
    planned: 'planned',
    from: (name: string) => `from ${name}`,
    left: 'Your plan from last time is here again. Apply or discard it.',
    select: 'Select an element on the diagram or in the history.',
    last: (sentence: string) => `Last added: ${sentence}`,
    none: 'No modification planned yet.',
    discardAll: 'Discard all',
    leave: 'Leave',
    applyMany: (count: number) => `Apply ${count} modifications`,
    apply: 'Apply modifications',
    discardKey: 'Discard (Esc)',
    allGone: 'All its tokens are planned to go already.',
    scopeToAdd: 'Scope to add to',
    ended: 'This instance has ended or is planned to go.',
    running: (count: number) => `Selected running instances: ${count}`,
    add: 'Add token',
    moveOne: 'Move instance to…',
    moveAll: (count: number) => `Move all (${count}) to…`,
    cancelOne: 'Cancel instance',
    cancelAll: (count: number) => `Cancel all (${count})`,
    variants: 'What of the multi-instance',
    target: (name: string) => `Select the target of '${name}' in the diagram, or type its name.`,
    scopeToMove: 'Scope to move to',
    moveTo: (name: string) => `Move to ‘${name}’`,
    scopes: 'It has several parent scopes. Choose the one to move to.',
    moveHere: 'Move here',
    oneInstance: (key: string) => ` instance ${key}`,
    allTokens: (count: number) => ` (all ${count} tokens)`,
    move: (from: string, one: string, to: string) => `Move ‘${from}’${one} to ‘${to}’`,
    addVariable: (name: string, scope: string) => `Add variable ‘${name}’: ${scope}`,
    editVariable: (name: string, scope: string) => `Edit variable ‘${name}’: ${scope}`,
    addAt: (name: string) => `Add a token at ‘${name}’`,
    cancel: (name: string, one: string) => `Cancel ‘${name}’${one}`,
    applied: 'Modifications applied.',
    moveKey: 'Move the selected tokens',
    cancelKey: 'Cancel the selected tokens',
    undoKey: 'Undo the last step of the plan',
    redoKey: 'Redo it',
    escapeKey: 'Close, or stop choosing a target',
    seeLog: 'See it in the audit log',
    moveMany: 'Move many instances together',
    mode: 'Modification mode',
    chooseOne: 'To choose one of them, select it in the history.',
  },
  de: {
    planned: 'geplant',
    from: (name) => `von ${name}`,
    left: 'Ihr Plan vom letzten Mal ist wieder da. Anwenden oder verwerfen Sie ihn.',
    select: 'Element im Diagramm oder im Verlauf wählen.',
    last: (sentence) => `Zuletzt hinzugefügt: ${sentence}`,
    none: 'Noch keine Änderung geplant.',
    discardAll: 'Alle verwerfen',
    leave: 'Verlassen',
    applyMany: (count) => `${count} Änderungen anwenden`,
    apply: 'Änderungen anwenden',
    discardKey: 'Verwerfen (Esc)',
    allGone: 'Alle Token sind schon zum Entfernen eingeplant.',
    scopeToAdd: 'Scope, in dem hinzugefügt wird',
    ended: 'Diese Instanz ist beendet oder zum Entfernen eingeplant.',
    running: (count) => `Ausgewählte laufende Instanzen: ${count}`,
    add: 'Token hinzufügen',
    moveOne: 'Instanz verschieben nach…',
    moveAll: (count) => `Alle (${count}) verschieben nach…`,
    cancelOne: 'Instanz abbrechen',
    cancelAll: (count) => `Alle (${count}) abbrechen`,
    variants: 'Was von der Multi-Instanz',
    target: (name) => `Ziel für „${name}“ im Diagramm wählen oder den Namen eingeben.`,
    scopeToMove: 'Scope, in den verschoben wird',
    moveTo: (name) => `Nach „${name}“ verschieben`,
    scopes: 'Es gibt mehrere übergeordnete Scopes. Wählen Sie den, in den verschoben wird.',
    moveHere: 'Hierher verschieben',
    oneInstance: (key) => ` Instanz ${key}`,
    allTokens: (count) => ` (alle ${count} Token)`,
    move: (from, one, to) => `„${from}“${one} nach „${to}“ verschieben`,
    addVariable: (name, scope) => `Variable ‚${name}‘ hinzufügen: ${scope}`,
    editVariable: (name, scope) => `Variable ‚${name}‘ ändern: ${scope}`,
    addAt: (name) => `Token bei „${name}“ hinzufügen`,
    cancel: (name, one) => `„${name}“${one} abbrechen`,
    applied: 'Änderungen angewendet.',
    moveKey: 'Ausgewählte Token verschieben',
    cancelKey: 'Ausgewählte Token abbrechen',
    undoKey: 'Letzten Schritt des Plans zurücknehmen',
    redoKey: 'Schritt wiederholen',
    escapeKey: 'Schließen oder die Zielwahl beenden',
    seeLog: 'Im Audit-Log ansehen',
    moveMany: 'Viele Instanzen gemeinsam verschieben',
    mode: 'Änderungsmodus',
    chooseOne: 'Um eine davon zu wählen, wählen Sie sie im Verlauf aus.',
  },
});

interface Choice {
  key: string;
  label: string;
}
interface ElementOperations {
  id: string;
  /** On the diagram, where a multi-instance and its iterations are one element. */
  drawn: string;
  name: string;
  type: string;
  icon: string;
  /** The element around it; empty: the process. */
  parent: string;
  /** All elements around it, innermost first. */
  within: string[];
  /** The whole multi-instance and one iteration of it, where this is either. */
  variants: { id: string; label: string }[];
  running: number;
  instances: { key: string; scope: string }[];
  operations: Record<'add' | 'cancel' | 'move' | 'target', { why: string; all?: string; note?: string }>;
  ancestors: Choice[];
  scopes: { id: string; label: string }[];
}
interface Operations {
  revision: string;
  /** Why variables cannot be changed; empty if they can. */
  whyNotSet: string;
  process: { id: string; name: string; instances: string };
  semantics: string;
  scopes: Choice[];
  elements: Record<string, ElementOperations>;
}
interface Inverse {
  rows: GivenRow[];
  notes: string[];
  reason: string;
}
interface KeptPlan {
  rows: GivenRow[];
  options: PlanOptions;
  title: string;
  reason: string;
  version: number;
  isMine: boolean;
  /** The event of the audit log that it takes back; empty: none. */
  undoOf: string;
}
interface Moving {
  element: string;
  key: string;
  tokens: number;
}

export class Modification {
  /** The variables panel shall be in sight. */
  onVariables: () => void = () => {};
  plan: Plan;
  private operations: Operations | null = null;
  private moving: Moving | null = null;
  private opened: string | null = null;
  /** The event of the audit log that the plan takes back. */
  private undoOf = '';
  private readonly root = need('#instance');
  private readonly popover = need('#popover');
  private readonly storageKey: string;
  private readonly review: Review;
  private readonly variables: PlannedVariables;
  private subject: Subject | null = null;

  constructor(
    readonly diagram: Diagram,
    private readonly panels: Panels,
    readonly tree: HistoryTree,
    private readonly instance: string,
  ) {
    this.storageKey = `fettle.plan.${instance}`;
    this.plan = new Plan(this.storageKey, '');
    this.review = new Review(this, need<HTMLDialogElement>('#summary'));
    this.variables = new PlannedVariables(need('#planned-variables'), panels.page, () => this.plan);
    this.tellKeys();
    need('#plan-undo').addEventListener('click', () => this.plan.undo());
    need('#plan-redo').addEventListener('click', () => this.plan.redo());
    need('#plan-discard').addEventListener('click', () => void this.discard());
    need('#plan-review').addEventListener('click', () => this.review.open());
    document.addEventListener('keydown', (event) => this.key(event));
    document.addEventListener('keydown', (event) => this.giveUpMoving(event), true);
    document.addEventListener('click', (event) => void this.guard(event), true);
    diagram.onMove = () => this.placePopover();
  }

  get isOn(): boolean {
    return this.operations !== null;
  }

  /** A plan that was not applied the last time is there again. */
  async resume(): Promise<void> {
    if (Plan.left(this.storageKey)) {
      await this.enter();
      toast(T.left, 'info');
    }
  }

  /** Somebody asks for the mode, and is told once what it is for. */
  async begin(): Promise<void> {
    if (!this.isOn && (await introduce(this.batch()))) {
      await this.enter();
    }
  }

  /** Where many instances are moved together: those of this version that stand where this one does. */
  private batch(element = ''): string {
    const address = need('[data-instances]').dataset.instances ?? '';
    return element ? `${address}&element=${encodeURIComponent(element)}` : address;
  }

  async enter(): Promise<void> {
    if (this.isOn) {
      return;
    }
    try {
      this.operations = await getJson<Operations>(`${this.panels.page}operations/`);
    } catch (error) {
      toast(error instanceof Refused ? error.message : String(error), 'error');
      return;
    }
    this.plan = Plan.left(this.storageKey) ?? new Plan(this.storageKey, this.operations.revision);
    this.plan.onChange = () => {
      this.undoOf = this.plan.rows.length ? this.undoOf : '';
      this.show();
      this.review.planChanged();
    };
    this.root.classList.add('is-modifying');
    need('#mode-banner').hidden = false;
    need('#mode-footer').hidden = false;
    need('#modify-button').hidden = true;
    document.title = `${T.mode} – ${document.title}`;
    this.show();
    this.hint(T.select);
    this.showVariables(this.panels.scope);
  }

  /** Another selection was made on the diagram or in the tree. */
  select(element: string | null, key = ''): void {
    if (!this.operations) {
      return;
    }
    if (this.moving) {
      if (element) {
        this.moveTo(key ? element : this.outermost(element));
      }
      return;
    }
    const chosen = element && !key ? this.outermost(element) : element;
    this.opened = chosen ? this.drawnOf(chosen) : null;
    this.diagram.select(this.opened, Boolean(key));
    chosen ? this.open(chosen, key) : this.closePopover();
    this.showVariables(key || (chosen && this.onlyInstance(chosen)) || '');
  }

  private onlyInstance(id: string): string | undefined {
    const element = this.operations?.elements[id];
    return element?.running === 1 ? element.instances[0]?.key : undefined;
  }

  // -- variables

  /** The variables of a scope that runs; an empty key stands for the process instance. */
  private showVariables(key: string): void {
    const scope = this.scopes.find((each) => each.key === key) ?? this.scopes[0];
    const open = Object.values(this.operations?.elements ?? {}).find((each) =>
      each.instances.some((instance) => instance.key === key),
    );
    const place = { key: open ? key : (scope?.key ?? ''), of: 0, scope: '' };
    const label = open ? `${open.name} · ${key}` : (scope?.label ?? '');
    const leaves = open && this.plan.takesAway(open.id, key) ? T.ended : '';
    this.subjectIs({ place, label, why: this.operations?.whyNotSet || leaves });
  }

  /** The variables of a scope that a row of the plan will bring. */
  private showNew(id: string, scope: string): void {
    const brought = this.subjects.filter((each) => String(each.place.of) === id);
    const chosen = brought.find((each) => each.place.scope === scope) ?? brought.at(-1);
    if (chosen) {
      this.subjectIs(chosen);
    }
  }

  private subjectIs(subject: Subject): void {
    this.subject = subject;
    this.onVariables();
    void this.variables.show(subject).catch((error) => toast(String(error), 'error'));
  }

  /** The panel follows the plan: a scope that no row brings any more is no longer there. */
  private drawVariables(): void {
    const { of } = this.subject?.place ?? { of: 0 };
    if (of && !this.plan.rows.some((row) => row.id === of)) {
      this.showVariables('');
    } else {
      this.variables.draw();
    }
  }

  /** What the diagram shows as one: of a multi-instance activity the whole. */
  private outermost(id: string): string {
    return this.operations?.elements[id]?.variants[0]?.id ?? id;
  }

  private drawnOf(id: string): string {
    return this.operations?.elements[id]?.drawn ?? id;
  }

  // -- what is shown

  private show(): void {
    const { plan } = this;
    this.showBadges();
    const last = plan.rows.at(-1);
    need('#mode-last').textContent = last ? T.last(this.sentence(last)) : T.none;
    need<HTMLButtonElement>('#plan-undo').disabled = !plan.canUndo;
    need<HTMLButtonElement>('#plan-redo').disabled = !plan.canRedo;
    need<HTMLButtonElement>('#plan-review').disabled = plan.rows.length === 0;
    need('#plan-discard').textContent = plan.rows.length ? T.discardAll : T.leave;
    need('#plan-review').textContent = plan.rows.length > 1 ? T.applyMany(plan.rows.length) : T.apply;
    this.markPossible();
    this.showInTree();
    this.drawVariables();
  }

  /** What the plan does at each element. */
  showBadges(): void {
    this.diagram.showPlan(this.badges());
  }

  private badges(): Map<string, { plus: number; minus: number }> {
    const found = new Map<string, { plus: number; minus: number }>();
    for (const [id, { plus, minus }] of this.plan.badges((row) => this.tokensWithin(row))) {
      const before = found.get(this.drawnOf(id)) ?? { plus: 0, minus: 0 };
      found.set(this.drawnOf(id), { plus: before.plus + plus, minus: before.minus + minus });
    }
    return found;
  }

  /** The tokens inside of what a row cancels; of one instance among several nobody knows which they are. */
  private tokensWithin({ element, key }: PlanRow): [string, number][] {
    if (key && this.operations?.elements[element]?.running !== 1) {
      return [];
    }
    const inside = Object.values(this.operations?.elements ?? {}).filter((each) => each.within.includes(element));
    return inside.filter((each) => each.running > 0).map((each) => [each.id, each.running]);
  }

  private markPossible(): void {
    const elements = Object.values(this.operations?.elements ?? {});
    const possible = elements.filter((each) =>
      this.moving
        ? !each.operations.target.why && each.id !== this.moving.element
        : !each.operations.add.why || each.running > 0,
    );
    this.diagram.mark('is-possible', this.isOn ? possible.map((each) => each.drawn) : []);
    need('#diagram').classList.toggle('is-choosing', this.isOn);
  }

  /** Pending rows stand below their future scope; rows that will go are struck out. */
  showInTree(): void {
    if (!this.isOn) {
      this.tree.showPlan(null);
      return;
    }
    this.tree.showPlan({
      leaves: (exact, key) => this.plan.takesAway(exact, key),
      pending: this.plan.rows.map((row) => this.pendingOf(row)).filter((each) => each !== null),
      choose: (id, scope) => this.showNew(id, scope),
    });
  }

  /** A row for tokens that will come. */
  private pendingOf(row: PlanRow): Pending | null {
    const element = this.operations?.elements[row.kind === 'add' ? row.element : row.target];
    if ((row.kind !== 'add' && row.kind !== 'move') || !element) {
      return null;
    }
    const around = element.within.map((id) => {
      const scope = this.operations?.elements[id];
      return { element: id, name: scope?.name ?? id, icon: scope?.icon ?? 'bpmn-icon-subprocess-expanded' };
    });
    return {
      id: String(row.id),
      parent: element.parent,
      around,
      name: element.name + (row.tokens > 1 ? ` ×${row.tokens}` : ''),
      icon: element.icon,
      text: row.kind === 'add' ? T.planned : T.from(this.nameOf(row.element)),
    };
  }

  private hint(text: string, discardable = false): void {
    const place = need('#mode-hint');
    place.replaceChildren(text);
    if (discardable) {
      place.append(' ', h('button', { type: 'button', onclick: () => this.stopMoving() }, T.discardKey));
    }
  }

  // -- the pop-over

  private open(id: string, key: string): void {
    const element = this.operations?.elements[id];
    if (!element) {
      this.closePopover();
      return;
    }
    const instances = element.instances.filter((each) => !this.plan.takesAway(id, each.key));
    const one = key
      ? instances.find((each) => each.key === key)
      : instances.length === 1 && element.running === 1
        ? instances[0]
        : undefined;
    const remaining = this.plan.remaining(id, element.running);
    const gone = element.running > 0 && remaining === 0 ? T.allGone : '';
    const ancestor = ancestorChoice(element, T.scopeToAdd);
    const all = one ? '' : (element.operations.move.all ?? '');
    const which = key && !one ? T.ended : '';
    this.popover.replaceChildren(
      h('div', { class: 'ft-popover-title' }, element.name),
      h('div', { class: 'ft-popover-note' }, remaining ? T.running(one ? 1 : remaining) : element.type),
      this.variants(element),
      this.option('add', T.add, 'a', element.operations.add.why, () =>
        this.plan.add({ kind: 'add', element: id, tokens: 1, ancestor: ancestor?.value ?? '' }),
      ),
      ...(ancestor && !element.operations.add.why ? [ancestor] : []),
      element.operations.add.note ? h('div', { class: 'ft-popover-note' }, element.operations.add.note) : '',
      this.option(
        'move',
        one ? T.moveOne : T.moveAll(remaining),
        'v',
        element.operations.move.why || all || gone || which,
        () =>
          this.startMoving({
            element: id,
            key: one && (element.running > 1 || element.variants.length) ? one.key : '',
            tokens: one ? 1 : remaining,
          }),
      ),
      !one && remaining > 1 && !key ? h('div', { class: 'ft-popover-note' }, T.chooseOne) : '',
      this.option(
        'cancel',
        one ? T.cancelOne : T.cancelAll(remaining),
        'c',
        element.operations.cancel.why || gone || which,
        () => this.plan.add({ kind: 'cancel', element: id, key: one ? one.key : '', tokens: one ? 1 : remaining }),
      ),
    );
    this.popover.hidden = false;
    this.placePopover();
    this.popover.querySelector<HTMLElement>('button:not([aria-disabled="true"])')?.focus({ preventScroll: true });
  }

  /** The choice between a multi-instance and one of its iterations. */
  private variants(element: ElementOperations): HTMLElement | string {
    if (!element.variants.length) {
      return '';
    }
    const choose = (id: string): void => this.open(id, '');
    return h(
      'div',
      { class: 'ft-segments ft-popover-variants', role: 'group', 'aria-label': T.variants },
      ...element.variants.map((each) =>
        h(
          'button',
          {
            type: 'button',
            class: `ft-segment${each.id === element.id ? ' is-chosen' : ''}`,
            'aria-pressed': String(each.id === element.id),
            'data-variant': each.id,
            onclick: () => choose(each.id),
          },
          each.label,
        ),
      ),
    );
  }

  private option(kind: keyof typeof ICONS, label: string, hotkey: string, why: string, act: () => void): HTMLElement {
    return h(
      'button',
      {
        type: 'button',
        class: 'ft-popover-option',
        'data-operation': kind,
        'data-key': hotkey,
        'aria-disabled': why ? 'true' : null,
        'data-why': why || null,
        onclick: () => {
          if (!why) {
            this.closePopover();
            act();
          }
        },
      },
      icon(ICONS[kind]),
      label,
      h('kbd', {}, hotkey),
      why ? h('span', { class: 'ft-popover-why' }, why) : null,
    );
  }

  private placePopover(): void {
    const place = this.opened ? this.diagram.place(this.opened) : null;
    if (this.popover.hidden || !place) {
      return;
    }
    const { offsetWidth: width, offsetHeight: height } = this.popover;
    const frame = need('.ft-diagram-frame').getBoundingClientRect();
    const right = place.right + 10;
    const left = right + width < frame.width - 8 ? right : Math.max(8, place.left - width - 10);
    this.popover.style.left = `${left}px`;
    this.popover.style.top = `${Math.max(8, Math.min(place.top, frame.height - height - 8))}px`;
  }

  private closePopover(): void {
    const from = this.popover.contains(document.activeElement) ? this.opened : null;
    this.popover.hidden = true;
    this.opened = null;
    this.diagram.select(null);
    if (from) {
      this.diagram.focus(from);
    }
  }

  // -- moving

  private startMoving(moving: Moving): void {
    this.moving = moving;
    this.diagram.select(this.drawnOf(moving.element));
    this.markPossible();
    this.hint(T.target(this.nameOf(moving.element)), true);
    need('#element-search').focus();
  }

  /** Rows that would put something right: they are planned, and reviewed like any others. */
  async suggest(rows: GivenRow[], notes: string[] = [], reason = ''): Promise<void> {
    await this.enter();
    if (this.isOn) {
      this.plan.add(...rowsOf(rows).map((row) => this.withTokens(row)));
      this.review.open(notes, reason);
    }
  }

  /** What is canceled takes all tokens there. */
  private withTokens<R extends { kind: string; element: string; key?: string; tokens: number }>(row: R): R {
    const running = this.operations?.elements[row.element]?.running ?? 0;
    return row.kind === 'cancel' && !row.key && running > 1 ? { ...row, tokens: running } : row;
  }

  /** Plan the inverse of what an event of the audit log tells of. */
  async undo(event: string): Promise<void> {
    try {
      const { rows, notes, reason } = await getJson<Inverse>(`${this.panels.page}undo/${event}/`);
      await this.suggest(rows, notes, reason);
      this.undoOf = event;
    } catch (error) {
      toast(error instanceof Refused ? error.message : String(error), 'error');
    }
  }

  /** A token badge was dragged to another element: that is the whole plan, unless there is one already. */
  async drag(from: string, to: string): Promise<void> {
    await this.enter();
    const source = this.elementWithTokens(from);
    if (!source || from === to) {
      return;
    }
    const why = source.operations.move.why || source.operations.move.all;
    if (why) {
      toast(why, 'warning');
      return;
    }
    this.moving = { element: source.id, key: '', tokens: this.plan.remaining(source.id, source.running) };
    const before = this.plan.rows.length;
    this.moveTo(this.outermost(to));
    this.moving = null;
    if (this.plan.rows.length > before) {
      this.review.open();
    }
  }

  private elementWithTokens(drawn: string): ElementOperations | undefined {
    const candidates = Object.values(this.operations?.elements ?? {}).filter((each) => each.drawn === drawn);
    return candidates.find((each) => each.running > 0) ?? candidates[0];
  }

  private moveTo(target: string): void {
    const { moving } = this;
    const element = this.operations?.elements[target];
    if (!moving || !element || target === moving.element) {
      return;
    }
    if (element.operations.target.why) {
      toast(element.operations.target.why, 'warning');
      return;
    }
    this.stopMoving();
    const within = this.operations?.elements[moving.element]?.within ?? [];
    const staysWithin = element.parent !== '' && within.includes(element.parent);
    if (element.ancestors.length > 0 && !staysWithin) {
      this.askForScope(moving, element);
    } else {
      this.plan.add({ kind: 'move', target, ...moving });
    }
  }

  /** Several scopes could take the token: which one is for people to say. */
  private askForScope(moving: Moving, element: ElementOperations): void {
    const ancestor = ancestorChoice(element, T.scopeToMove);
    this.opened = element.drawn;
    this.diagram.select(element.drawn);
    this.popover.replaceChildren(
      h('div', { class: 'ft-popover-title' }, T.moveTo(element.name)),
      h('div', { class: 'ft-popover-note' }, T.scopes),
      ancestor ?? '',
      this.option('move', T.moveHere, 'v', '', () =>
        this.plan.add({ kind: 'move', target: element.id, ancestor: ancestor?.value ?? '', ...moving }),
      ),
    );
    this.popover.hidden = false;
    this.placePopover();
    ancestor?.focus({ preventScroll: true });
  }

  private stopMoving(): void {
    this.moving = null;
    this.diagram.select(null);
    this.markPossible();
    this.hint(T.select);
  }

  // -- the review

  sentence(row: PlanRow): string {
    const one = row.key ? T.oneInstance(row.key) : row.tokens > 1 ? T.allTokens(row.tokens) : '';
    switch (row.kind) {
      case 'move':
        return T.move(this.nameOf(row.element), one, this.nameOf(row.target));
      case 'set':
        return row.before === null
          ? T.addVariable(row.name, this.scopeLabel(row))
          : T.editVariable(row.name, this.scopeLabel(row));
      case 'add':
        return T.addAt(this.nameOf(row.element));
      case 'cancel':
        return T.cancel(this.nameOf(row.element), one);
    }
  }

  nameOf(id: string): string {
    return this.operations?.elements[id]?.name ?? id;
  }

  private scopeLabel({ of, scope, key }: PlanRow): string {
    const bringing = this.plan.rows.find((row) => row.id === of);
    const scopes = bringing
      ? this.scopesOf(bringing).map((each) => ({ key: each.id, label: each.label }))
      : this.scopes;
    const wanted = bringing ? scope : key;
    return scopes.find((each) => each.key === wanted)?.label ?? wanted;
  }

  /** The scopes that run now, the process instance first. */
  get scopes(): readonly Choice[] {
    return this.operations?.scopes ?? [];
  }

  get page(): string {
    return this.panels.page;
  }

  /** Every scope that variables can be planned for: those that run, and those that the plan brings. */
  get subjects(): Subject[] {
    const why = this.operations?.whyNotSet ?? '';
    const running = this.scopes.map(({ key, label }) => ({ place: { key, of: 0, scope: '' }, label, why }));
    const brought = this.plan.rows.flatMap((row) =>
      this.scopesOf(row).map(({ id, label }) => ({ place: { key: '', of: row.id, scope: id }, label, why })),
    );
    return [...running, ...brought];
  }

  /** The scopes that a row brings and that can have variables, outermost first. */
  private scopesOf(row: PlanRow): ElementOperations['scopes'] {
    const id = row.kind === 'add' ? row.element : row.kind === 'move' ? row.target : '';
    return this.operations?.elements[id]?.scopes ?? [];
  }

  get hasOrder(): boolean {
    return this.operations?.semantics === 'camunda7';
  }

  send<T>(more: Record<string, unknown>, path = 'modify', headers: Record<string, string> = {}): Promise<T> {
    return postJson<T>(`${this.panels.page}${path}/`, { ...this.sent, ...more }, headers);
  }

  private get sent(): Record<string, unknown> {
    const { rows, revision, options } = this.plan;
    const undo = this.undoOf ? { undoOf: this.undoOf } : {};
    return { plan: rows.map(written), revision, ...options, ...undo };
  }

  /** Keep the plan as a draft instead of applying it: it is looked at, decided on and applied there. */
  async keep(terms: DraftTerms, reason: string): Promise<void> {
    const { url } = await postJson<{ url: string }>(`${DRAFTS}plan/${this.instance}/`, {
      ...this.sent,
      ...terms,
      reason,
    });
    this.leave();
    location.assign(url);
  }

  /** Open the plan that a draft holds, in place of any other. */
  async openDraft(draft: string): Promise<void> {
    try {
      const found = await getJson<KeptPlan>(`${DRAFTS}${draft}/plan/`);
      await this.enter();
      if (this.isOn) {
        this.plan.discard();
        this.plan.choose(found.options);
        this.plan.add(...rowsOf(found.rows).map((row) => this.withTokens(row)));
        if (found.isMine) {
          this.undoOf = found.undoOf;
          this.review.continues({ key: draft, title: found.title, version: String(found.version) }, found.reason);
        }
        this.review.open([], found.reason);
      }
    } catch (error) {
      toast(error instanceof Refused ? error.message : String(error), 'error');
    }
  }

  applied(state: PanelState): void {
    const places = this.plan.rows.filter((row) => row.kind === 'move').map((row) => this.drawnOf(row.element));
    const batch = this.batch(places[0]);
    this.leave();
    this.panels.show(state);
    toast(T.applied, 'success', { label: T.seeLog, href: '?tab=audit' }, { label: T.moveMany, href: batch });
  }

  /** The instance has moved on: look at what is there now, and keep the plan. */
  async rebase(): Promise<void> {
    this.operations = await getJson<Operations>(`${this.panels.page}operations/`);
    this.plan.revision = this.operations.revision;
    await this.panels.load();
    this.show();
  }

  get hasPlan(): boolean {
    return this.isOn && this.plan.rows.length > 0;
  }

  /** Try the plan on what is there now: the review says what does not fit any more. */
  async checkAgain(): Promise<void> {
    await this.rebase();
    this.review.open();
  }

  /** Variables were saved from this page in between: that is no reason for a conflict. */
  ownChange(revision: string): void {
    if (this.isOn && Number(revision) === Number(this.plan.revision) + 1) {
      this.plan.revision = revision;
    }
  }

  private async discard(): Promise<void> {
    const count = this.plan.rows.length;
    if (count && !(await mayDiscard(count))) {
      return;
    }
    this.leave();
    void this.panels.load();
  }

  /** A link that leads elsewhere: the plan is kept, but nobody shall think that it is applied. */
  private async guard(event: MouseEvent): Promise<void> {
    const link = (event.target as HTMLElement).closest<HTMLAnchorElement>('a[href]');
    const isElsewhere =
      link && !link.target && !link.hasAttribute('download') && !link.hash && link.host === location.host;
    if (!this.isOn || !this.plan.rows.length || !isElsewhere || link.pathname === location.pathname) {
      return;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) {
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    const answer = await onLeaving();
    if (answer === 'discard') {
      this.plan.discard();
    }
    if (answer !== 'stay') {
      location.href = link.href;
    }
  }

  private leave(): void {
    this.undoOf = '';
    this.moving = null;
    this.closePopover();
    this.plan.onChange = () => {};
    this.review.close();
    this.plan.discard();
    this.operations = null;
    this.root.classList.remove('is-modifying');
    need('#mode-banner').hidden = true;
    need('#mode-footer').hidden = true;
    need('#modify-button').hidden = false;
    document.title = document.title.replace(`${T.mode} – `, '');
    need('#planned-variables').hidden = true;
    this.diagram.showPlan(new Map());
    this.markPossible();
    this.showInTree();
  }

  /** Before the diagram takes the key for its own. */
  private giveUpMoving(event: KeyboardEvent): void {
    if (event.key === 'Escape' && this.moving) {
      event.stopPropagation();
      this.stopMoving();
    }
  }

  private tellKeys(): void {
    const when = (): boolean => this.isOn;
    shortcuts(
      'modification',
      { keys: 'a', label: T.add, when },
      { keys: 'v', label: T.moveKey, when },
      { keys: 'c', label: T.cancelKey, when },
      { keys: 'u', label: T.undoKey, when },
      { keys: 'U', label: T.redoKey, when },
      { keys: 'Escape', label: T.escapeKey, when },
    );
  }

  private key(event: KeyboardEvent): void {
    if (!this.isOn || document.querySelector('dialog[open]:not(#summary)')) {
      return;
    }
    if (event.key === 'Escape') {
      this.moving ? this.stopMoving() : this.popover.hidden ? this.review.close() : this.closePopover();
      return;
    }
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key === 'u') {
      this.plan.undo();
    } else if (event.key === 'U') {
      this.plan.redo();
    } else if (!this.popover.hidden) {
      this.popover.querySelector<HTMLElement>(`[data-key="${CSS.escape(event.key)}"]`)?.click();
    }
  }
}

function ancestorChoice(element: ElementOperations, label: string): HTMLSelectElement | null {
  return element.ancestors.length > 0
    ? h(
        'select',
        { class: 'ft-input', 'aria-label': label },
        ...element.ancestors.map((each) => h('option', { value: each.key }, each.label)),
      )
    : null;
}
