/* The modification mode: plan changes on the diagram, see them, try them, apply them at once.
 *
 * What is allowed comes from the server, with reasons; here is only what the plan itself implies.
 */

import type { Diagram } from './diagram';
import { h, icon, isTyping, need, toast } from './dom';
import { getJson, postJson, Refused } from './http';
import type { Panels, PanelState } from './panels';
import { type NewRow, Plan, type PlanRow } from './plan';
import { ICONS, Review } from './review';

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
  semantics: string;
  scopes: Choice[];
  elements: Record<string, ElementOperations>;
}
interface Inverse {
  rows: Pick<NewRow, 'kind' | 'element'>[];
  notes: string[];
  reason: string;
}
interface Moving {
  element: string;
  key: string;
  tokens: number;
}

const PENDING_INDENT = 25;

export class Modification {
  plan: Plan;
  private operations: Operations | null = null;
  private moving: Moving | null = null;
  private opened: string | null = null;
  private readonly root = need('#instance');
  private readonly popover = need('#popover');
  private readonly storageKey: string;
  private readonly review: Review;

  constructor(
    readonly diagram: Diagram,
    private readonly panels: Panels,
    key: string,
  ) {
    this.storageKey = `fettle.plan.${key}`;
    this.plan = new Plan(this.storageKey, '');
    this.review = new Review(this, need<HTMLDialogElement>('#summary'));
    need('#plan-undo').addEventListener('click', () => this.plan.undo());
    need('#plan-redo').addEventListener('click', () => this.plan.redo());
    need('#plan-discard').addEventListener('click', () => this.discard());
    need('#plan-review').addEventListener('click', () => this.review.open());
    document.addEventListener('keydown', (event) => this.key(event));
    diagram.onMove = () => this.placePopover();
  }

  get isOn(): boolean {
    return this.operations !== null;
  }

  /** A plan that was not applied the last time is there again. */
  async resume(): Promise<void> {
    if (Plan.left(this.storageKey)) {
      await this.enter();
      toast('Your plan from last time is here again. Apply or discard it.', 'info');
    }
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
      this.show();
      this.review.planChanged();
    };
    this.root.classList.add('is-modifying');
    need('#mode-banner').hidden = false;
    need('#mode-footer').hidden = false;
    need('#modify-button').hidden = true;
    this.show();
    this.hint('Select an element on the diagram or in the history.');
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
    need('#mode-last').textContent = last ? `Last added: ${this.sentence(last)}` : 'No modification planned yet.';
    need<HTMLButtonElement>('#plan-undo').disabled = !plan.canUndo;
    need<HTMLButtonElement>('#plan-redo').disabled = !plan.canRedo;
    need<HTMLButtonElement>('#plan-review').disabled = plan.rows.length === 0;
    need('#plan-discard').textContent = plan.rows.length ? 'Discard all' : 'Leave';
    need('#plan-review').textContent =
      plan.rows.length > 1 ? `Apply ${plan.rows.length} modifications` : 'Apply modifications';
    this.markPossible();
    this.showInTree();
  }

  /** What the plan does at each element. */
  showBadges(): void {
    this.diagram.showPlan(this.badges());
  }

  private badges(): Map<string, { plus: number; minus: number }> {
    const found = new Map<string, { plus: number; minus: number }>();
    for (const [id, { plus, minus }] of this.plan.badges()) {
      const before = found.get(this.drawnOf(id)) ?? { plus: 0, minus: 0 };
      found.set(this.drawnOf(id), { plus: before.plus + plus, minus: before.minus + minus });
    }
    return found;
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
    const tree = document.querySelector('#panel-history .ft-tree');
    tree?.querySelectorAll('.is-pending').forEach((row) => row.remove());
    const rows = [...(tree?.querySelectorAll<HTMLElement>('.ft-tree-row') ?? [])];
    for (const row of rows) {
      const leaving =
        this.isOn && Boolean(row.dataset.open) && this.plan.takesAway(row.dataset.exact ?? '', row.dataset.key ?? '');
      row.classList.toggle('is-leaving', leaving);
      const marks = row.querySelector('.ft-tree-marks');
      if (marks) {
        marks.textContent = leaving ? 'will be canceled' : '';
      }
    }
    for (const row of this.isOn ? this.plan.rows : []) {
      const element = this.operations?.elements[row.kind === 'add' ? row.element : row.target];
      if ((row.kind === 'add' || row.kind === 'move') && element) {
        this.insert(rows, tree, row, element);
      }
    }
  }

  /** A row for a token that will come, after everything that stands in its scope now. */
  private insert(rows: HTMLElement[], tree: Element | null, row: PlanRow, element: ElementOperations): void {
    const scope = rows.findLast(
      (each) =>
        each.dataset.key &&
        (each.dataset.exact ?? '') === element.parent &&
        (!element.parent || Boolean(each.dataset.open)),
    );
    const depth = Number(scope?.dataset.depth ?? 0);
    const start = scope ? rows.indexOf(scope) + 1 : rows.length;
    const end = rows.findIndex((each, position) => position >= start && Number(each.dataset.depth ?? 0) <= depth);
    const text = row.kind === 'add' ? 'planned' : `from ${this.nameOf(row.element)}`;
    const pending = h(
      'li',
      { role: 'treeitem', class: 'ft-tree-row is-pending', 'data-plan-row': row.id },
      h(
        'span',
        { class: 'ft-tree-link', style: `padding-left:${PENDING_INDENT + (depth + 1) * 16}px` },
        h('span', { class: `${element.icon} ft-bpmn`, 'aria-hidden': 'true' }),
        h('span', { class: 'ft-tree-name' }, element.name + (row.tokens > 1 ? ` ×${row.tokens}` : '')),
        h('span', { class: 'ft-tree-marks' }, text),
      ),
    );
    tree?.insertBefore(pending, end < 0 ? null : (rows[end] ?? null));
    if (row === this.plan.rows.at(-1)) {
      pending.scrollIntoView({ block: 'nearest' });
    }
  }

  private hint(text: string, discardable = false): void {
    const place = need('#mode-hint');
    place.replaceChildren(text);
    if (discardable) {
      place.append(' ', h('button', { type: 'button', onclick: () => this.stopMoving() }, 'Discard (Esc)'));
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
    const gone = element.running > 0 && remaining === 0 ? 'All its tokens are planned to go already.' : '';
    const ancestor = ancestorChoice(element, 'Scope to add to');
    const all = one ? '' : (element.operations.move.all ?? '');
    const which = key && !one ? 'This instance has ended or is planned to go.' : '';
    this.popover.replaceChildren(
      h('div', { class: 'ft-popover-title' }, element.name),
      h(
        'div',
        { class: 'ft-popover-note' },
        remaining ? `Selected running instances: ${one ? 1 : remaining}` : element.type,
      ),
      this.variants(element),
      this.option('add', 'Add token', 'a', element.operations.add.why, () =>
        this.plan.add({ kind: 'add', element: id, tokens: 1, ancestor: ancestor?.value ?? '' }),
      ),
      ...(ancestor && !element.operations.add.why ? [ancestor] : []),
      element.operations.add.note ? h('div', { class: 'ft-popover-note' }, element.operations.add.note) : '',
      this.option(
        'move',
        one ? 'Move instance to…' : `Move all (${remaining}) to…`,
        'v',
        element.operations.move.why || all || gone || which,
        () =>
          this.startMoving({
            element: id,
            key: one && (element.running > 1 || element.variants.length) ? one.key : '',
            tokens: one ? 1 : remaining,
          }),
      ),
      this.option(
        'cancel',
        one ? 'Cancel instance' : `Cancel all (${remaining})`,
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
      { class: 'ft-segments ft-popover-variants', role: 'group', 'aria-label': 'What of the multi-instance' },
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
    this.popover.hidden = true;
    this.opened = null;
    this.diagram.select(null);
  }

  // -- moving

  private startMoving(moving: Moving): void {
    this.moving = moving;
    this.diagram.select(this.drawnOf(moving.element));
    this.markPossible();
    this.hint(`Select the target of '${this.nameOf(moving.element)}' in the diagram, or type its name.`, true);
    need('#element-search').focus();
  }

  /** Rows that would put something right: they are planned, and reviewed like any others. */
  async suggest(rows: Pick<NewRow, 'kind' | 'element'>[], notes: string[] = [], reason = ''): Promise<void> {
    await this.enter();
    if (this.isOn) {
      this.plan.add(...rows.map((row) => ({ tokens: 1, ...row })));
      this.review.open(notes, reason);
    }
  }

  /** Plan the inverse of what an event of the audit log tells of. */
  async undo(event: string): Promise<void> {
    try {
      const { rows, notes, reason } = await getJson<Inverse>(`${this.panels.page}undo/${event}/`);
      await this.suggest(rows, notes, reason);
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
    const ancestor = ancestorChoice(element, 'Scope to move to');
    this.opened = element.drawn;
    this.diagram.select(element.drawn);
    this.popover.replaceChildren(
      h('div', { class: 'ft-popover-title' }, `Move to ‘${element.name}’`),
      h('div', { class: 'ft-popover-note' }, 'It has several parent scopes. Choose the one to move to.'),
      ancestor ?? '',
      this.option('move', 'Move here', 'v', '', () =>
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
    this.hint('Select an element on the diagram or in the history.');
  }

  // -- the review

  sentence(row: PlanRow): string {
    const one = row.key ? ` instance ${row.key}` : row.tokens > 1 ? ` (all ${row.tokens} tokens)` : '';
    switch (row.kind) {
      case 'move':
        return `Move ‘${this.nameOf(row.element)}’${one} to ‘${this.nameOf(row.target)}’`;
      case 'set':
        return `Set variables of ${this.scopeLabel(row.key)}`;
      case 'add':
        return `Add a token at ‘${this.nameOf(row.element)}’`;
      case 'cancel':
        return `Cancel ‘${this.nameOf(row.element)}’${one}`;
    }
  }

  nameOf(id: string): string {
    return this.operations?.elements[id]?.name ?? id;
  }

  private scopeLabel(key: string): string {
    return (
      this.scopes
        .find((each) => each.key === key)
        ?.label.toLowerCase()
        .replace(/^process/, 'the process') ?? key
    );
  }

  /** The scopes that run now, the process instance first. */
  get scopes(): readonly Choice[] {
    return this.operations?.scopes ?? [];
  }

  /** Where the variables of a row's new token can go; nothing to choose for other rows. */
  scopesOf(row: PlanRow): ElementOperations['scopes'] {
    const id = row.kind === 'add' ? row.element : row.kind === 'move' ? row.target : '';
    return this.operations?.elements[id]?.scopes ?? [];
  }

  get hasOrder(): boolean {
    return this.operations?.semantics === 'camunda7';
  }

  send<T>(more: Record<string, unknown>, path = 'modify'): Promise<T> {
    const { rows, revision, options } = this.plan;
    return postJson<T>(`${this.panels.page}${path}/`, { plan: rows, revision, ...options, ...more });
  }

  applied(state: PanelState): void {
    this.leave();
    this.panels.show(state);
    toast('Modifications applied.');
  }

  /** The instance has moved on: look at what is there now, and keep the plan. */
  async rebase(): Promise<void> {
    this.operations = await getJson<Operations>(`${this.panels.page}operations/`);
    this.plan.revision = this.operations.revision;
    await this.panels.load();
    this.show();
  }

  /** Variables were saved from this page in between: that is no reason for a conflict. */
  ownChange(revision: string): void {
    if (this.isOn && Number(revision) === Number(this.plan.revision) + 1) {
      this.plan.revision = revision;
    }
  }

  private discard(): void {
    if (this.plan.rows.length && !confirm('Discard all planned modifications?')) {
      return;
    }
    this.leave();
    void this.panels.load();
  }

  private leave(): void {
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
    this.diagram.showPlan(new Map());
    this.markPossible();
    this.showInTree();
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
