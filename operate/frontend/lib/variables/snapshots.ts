/* The snapshots tab: what was before each edit; compare two of them, or one with now; bring one back. */

import { breaking } from '../drafting';
import { h, need, toast } from '../dom';
import { getJson, postJson } from '../http';
import type { Panels, PanelState } from '../panels';
import { texts } from '../texts';
import { type Change, type Checked, type Edit, refusalOf } from './api';
import { askToKeep } from './keeping';
import { changedPlaces } from './merge';
import { warningLines } from './saving';
import { preview } from './values';

const T = texts({
  en: {
    title: 'Restore what was before',
    lead: 'This is an edit like any other: it keeps a snapshot of the present values, and it is on record.',
    nothing: 'Nothing would change: these are the present values.',
    whole: 'all variables of the scope, not only those that this edit has changed',
    reason: 'Reason',
    reasonHint: 'Why? Goes into the audit log',
    cancel: 'Cancel',
    restore: 'Restore',
    restored: 'The values are as they were before.',
    variable: 'Variable',
    now: 'Now',
    then: 'Restored',
    deleted: 'deleted',
    absent: 'not there',
    different: 'Choose two different moments.',
  },
  de: {
    title: 'Früheren Stand wiederherstellen',
    lead: 'Das ist eine Änderung wie jede andere: Die aktuellen Werte bleiben als Snapshot erhalten, und sie wird protokolliert.',
    nothing: 'Es würde sich nichts ändern: Das sind die aktuellen Werte.',
    whole: 'alle Variablen des Scopes, nicht nur die von dieser Änderung betroffenen',
    reason: 'Grund',
    reasonHint: 'Warum? Steht dann im Audit-Log',
    cancel: 'Abbrechen',
    restore: 'Wiederherstellen',
    restored: 'Die Werte sind wieder wie zuvor.',
    variable: 'Variable',
    now: 'Jetzt',
    then: 'Wiederhergestellt',
    deleted: 'gelöscht',
    absent: 'nicht vorhanden',
    different: 'Zwei verschiedene Zeitpunkte wählen.',
  },
});

const MOST_PLACES = 200;

export class Snapshots {
  private isLoaded = false;

  constructor(
    private readonly panel: HTMLElement,
    private readonly panels: Panels,
  ) {
    panel.addEventListener('click', (event) => void this.clicked(event));
    panel.addEventListener('change', () => this.showChosen());
    panel.addEventListener('input', () => this.showChosen());
  }

  /** Load the list, the first time that it is looked at or after something has changed. */
  async show(): Promise<void> {
    this.isLoaded = true;
    await this.load('');
  }

  /** Something has changed: the list is out of date. */
  async changed(): Promise<void> {
    if (this.isLoaded && !this.panel.querySelector('[data-comparison]:not(:empty)')) {
      await this.load('');
    }
  }

  private async load(query: string): Promise<void> {
    try {
      const { html } = await getJson<{ html: string }>(`${this.panels.page}snapshots/${query}`);
      this.panel.innerHTML = html;
    } catch (error) {
      this.panel.replaceChildren(h('p', { class: 'ft-error ft-padded', role: 'alert' }, refusalOf(error).message));
    }
    this.showChosen();
  }

  private chosen(side: 'left' | 'right'): string {
    return this.panel.querySelector<HTMLInputElement>(`[name="snapshot-${side}"]:checked`)?.value ?? '';
  }

  private get other(): string {
    return this.panel.querySelector<HTMLInputElement>('[data-other]')?.value.trim() ?? '';
  }

  private showChosen(): void {
    const button = this.panel.querySelector<HTMLButtonElement>('[data-compare]');
    if (button) {
      button.disabled = this.other ? !/^\d+$/.test(this.other) : this.chosen('left') === this.chosen('right');
      button.title = button.disabled ? T.different : '';
    }
  }

  private async clicked(event: Event): Promise<void> {
    const target = (event.target as HTMLElement).closest<HTMLElement>('button');
    if (!target || target.getAttribute('aria-disabled') === 'true') {
      return;
    }
    const { viewSnapshot, restore, scope, older } = target.dataset;
    if ('compare' in target.dataset) {
      await this.compare(this.chosen('left'), this.other ? `now:${this.other}` : this.chosen('right'));
    } else if (viewSnapshot) {
      await this.compare(`before:${viewSnapshot}`, `after:${viewSnapshot}`);
    } else if (restore && scope) {
      await this.askToRestore(restore, scope);
    } else if (older) {
      await this.load(`?before=${older}`);
    }
  }

  private async compare(left: string, right: string): Promise<void> {
    const place = need('[data-comparison]', this.panel);
    try {
      const query = new URLSearchParams({ left, right });
      const { html } = await getJson<{ html: string }>(`${this.panels.page}snapshots/compare/?${query}`);
      place.innerHTML = html;
    } catch (error) {
      place.replaceChildren(h('p', { class: 'ft-error ft-padded', role: 'alert' }, refusalOf(error).message));
    }
    place.scrollIntoView({ block: 'nearest' });
  }

  // -- restoring

  private async askToRestore(snapshot: string, scope: string): Promise<void> {
    const address = `${this.panels.page}snapshots/${snapshot}/restore/`;
    const dialog = need<HTMLDialogElement>('#ask');
    const whole = h('input', { type: 'checkbox' });
    const reason = h('input', {
      class: 'ft-input',
      'aria-label': T.reason,
      placeholder: T.reasonHint,
      maxlength: 500,
      autocomplete: 'off',
    });
    const problem = h('p', { class: 'ft-error', role: 'alert' });
    const preview_ = h('div', { 'aria-live': 'polite' });
    const button = h('button', { type: 'button', class: 'ft-button ft-button-primary' }, T.restore);
    let seen: Edit['seen'] = {};
    const look = async (): Promise<void> => {
      button.disabled = true;
      problem.textContent = '';
      try {
        const checked = await postJson<Checked & { seen: Edit['seen'] }>(address, {
          scope,
          whole: whole.checked,
          dryRun: true,
        });
        seen = checked.seen;
        preview_.replaceChildren(changesTable(checked.changes), ...warningLines(checked.warnings));
        button.disabled = checked.changes.length === 0;
      } catch (error) {
        problem.textContent = refusalOf(error).message;
      }
    };
    const restore = async (more: Partial<Edit> = {}): Promise<void> => {
      button.disabled = true;
      try {
        const { draft, glass } = more;
        const body = { scope, whole: whole.checked, reason: reason.value, seen, ...(draft ? { draft } : {}) };
        const state = await postJson<PanelState>(address, body, glass ? breaking(glass) : {});
        dialog.close();
        this.panels.show(state);
        if (state.kept) {
          location.assign(state.kept);
          return;
        }
        await this.load('');
        toast(T.restored);
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal.approval) {
          dialog.close();
          const edit = { set: {}, delete: [], seen, reason: reason.value };
          const kept = await askToKeep(dialog, edit, refusal.approval, T.title);
          return kept ? restore(kept) : undefined;
        }
        problem.textContent = refusal.message;
        if (refusal.code === 'variables_changed') {
          await look();
          problem.textContent = refusal.message;
        }
        button.disabled = false;
      }
    };
    whole.addEventListener('change', () => void look());
    button.addEventListener('click', () => void restore());
    reason.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !button.disabled) {
        event.preventDefault();
        void restore();
      }
    });
    dialog.replaceChildren(
      h(
        'header',
        { class: 'ft-dialog-header' },
        h('h2', { id: 'ask-title' }, T.title),
        h('p', { class: 'ft-subtle' }, T.lead),
      ),
      h(
        'div',
        { class: 'ft-dialog-body' },
        preview_,
        h('label', { class: 'ft-inline' }, whole, T.whole),
        problem,
        reason,
      ),
      h(
        'footer',
        { class: 'ft-dialog-footer' },
        h('span', { class: 'ft-grow' }),
        h('button', { type: 'button', class: 'ft-button', onclick: () => dialog.close() }, T.cancel),
        button,
      ),
    );
    dialog.showModal();
    await look();
    reason.focus();
  }
}

function changesTable(changes: readonly Change[]): HTMLElement {
  if (!changes.length) {
    return h('p', { class: 'ft-subtle' }, T.nothing);
  }
  const cell = (text: string | null, css: string, instead: string): HTMLElement =>
    h(
      'td',
      {},
      text === null ? h('em', { class: 'ft-subtle' }, instead) : h('code', { class: css }, preview(text, 400)),
    );
  return h(
    'table',
    { class: 'ft-table ft-comparison-table' },
    h('thead', {}, h('tr', {}, ...[T.variable, T.now, T.then].map((text) => h('th', { scope: 'col' }, text)))),
    h(
      'tbody',
      {},
      ...changes
        .flatMap((change) => changedPlaces(change.name, change.before, change.after))
        .slice(0, MOST_PLACES)
        .map((place) =>
          h(
            'tr',
            { 'data-change': place.path },
            h('th', { scope: 'row', class: 'ft-mono' }, place.path),
            cell(place.before, 'ft-before', T.absent),
            cell(place.after, 'ft-after', T.deleted),
          ),
        ),
    ),
  );
}
