/* From an edit to its being saved: what speaks against it is asked, and nothing that was typed is given up. */

import type { Approval } from '../drafting';
import { h, icon, need } from '../dom';
import type { PanelState } from '../panels';
import { texts } from '../texts';
import { type Edit, readWarnings, refusalOf, send, type Told, type TypeChange, type Warning } from './api';
import { askToKeep } from './keeping';
import { resolve } from './merge';

const T = texts({
  en: {
    types: 'The type of a variable would change',
    typesLead: 'Models and workers that expect the former type may stumble over it.',
    back: 'Keep editing',
    accept: 'Change the type and save',
    warnings: 'Before you save',
    demands: (policy: string) =>
      `Policy ‘${policy}’ asks that somebody else approves this first. Saving asks for that.`,
  },
  de: {
    types: 'Der Typ einer Variable würde sich ändern',
    typesLead: 'Modelle und Worker, die den bisherigen Typ erwarten, könnten darüber stolpern.',
    back: 'Weiter bearbeiten',
    accept: 'Typ ändern und speichern',
    warnings: 'Vor dem Speichern',
    demands: (policy) =>
      `Die Regel „${policy}“ verlangt, dass zuerst jemand anderes freigibt. Beim Speichern wird danach gefragt.`,
  },
});

export class Saving {
  /** The policy that demands an approval, as far as is known. */
  approval: Approval | null = null;

  constructor(
    readonly page: string,
    readonly scope: string,
  ) {}

  warnings(): Promise<Told> {
    return readWarnings(this.page, this.scope);
  }

  /** Keep it as a draft; the same. */
  async keep(edit: Edit): Promise<PanelState | null> {
    const kept = await askToKeep(need<HTMLDialogElement>('#ask'), edit, null);
    return kept && this.save(kept);
  }

  /** Send it; resolves with the page as it is then, or null if the person wants to go on editing. Refusals are thrown. */
  async save(edit: Edit): Promise<PanelState | null> {
    let next: Edit | null = edit;
    if (this.approval && !edit.draft) {
      next = await askToKeep(need<HTMLDialogElement>('#ask'), edit, this.approval);
    }
    while (next) {
      try {
        if (!Object.keys(next.set).length && !next.delete.length) {
          return null;
        }
        return await send(this.page, this.scope, next);
      } catch (error) {
        next = await this.afterRefusal(next, error);
      }
    }
    return null;
  }

  private async afterRefusal(edit: Edit, error: unknown): Promise<Edit | null> {
    const body = refusalOf(error);
    const dialog = need<HTMLDialogElement>('#ask');
    if (body.code === 'variables_changed' && body.conflicts?.length) {
      return resolve(dialog, edit, body.conflicts);
    }
    if (body.code === 'types_change' && body.type_changes?.length) {
      return (await mayChangeTypes(dialog, body.type_changes)) ? { ...edit, accept_types: true } : null;
    }
    if (body.approval) {
      return askToKeep(dialog, edit, body.approval);
    }
    throw error;
  }
}

function mayChangeTypes(dialog: HTMLDialogElement, changes: readonly TypeChange[]): Promise<boolean> {
  const accept = h('button', { type: 'button', class: 'ft-button ft-button-primary' }, T.accept);
  const rows = changes.map((change) =>
    h('li', {}, h('code', { class: 'ft-mono' }, change.name), `: ${change.from} → ${change.to}`),
  );
  dialog.replaceChildren(
    h(
      'header',
      { class: 'ft-dialog-header' },
      h('h2', { id: 'ask-title' }, T.types),
      h('p', { class: 'ft-subtle' }, T.typesLead),
    ),
    h('div', { class: 'ft-dialog-body' }, h('ul', { class: 'ft-list' }, ...rows)),
    h(
      'footer',
      { class: 'ft-dialog-footer' },
      h('span', { class: 'ft-grow' }),
      h('button', { type: 'button', class: 'ft-button', onclick: () => dialog.close() }, T.back),
      accept,
    ),
  );
  dialog.showModal();
  return new Promise((done) => {
    let accepted = false;
    accept.addEventListener('click', () => {
      accepted = true;
      dialog.close();
    });
    dialog.addEventListener('close', () => done(accepted), { once: true });
  });
}

/**
 * Warnings beside a Save button. They are asked for while somebody types; one that appears only at the moment of saving
 * stops it once, so that nobody saves without having seen it.
 */
export class Warnings {
  readonly element = h('div', { class: 'ft-warnings', role: 'status', hidden: true });
  private readonly seen = new Set<string>();
  private isAsked = false;

  constructor(private readonly saving: Saving) {}

  /** Something has been changed: it is time to ask, once. */
  askSoon(): void {
    if (!this.isAsked) {
      void this.ask();
    }
  }

  /** Ask; true if there are warnings that were not on the screen before. */
  async ask(): Promise<boolean> {
    this.isAsked = true;
    const known = new Set(this.seen);
    const { warnings, approval } = await this.saving.warnings().catch((): Told => ({ warnings: [], approval: null }));
    this.saving.approval = approval;
    const isNew = warnings.some((warning) => !known.has(warning.sentence));
    warnings.forEach((warning) => this.seen.add(warning.sentence));
    this.show(warnings, approval);
    return isNew;
  }

  private show(warnings: readonly Warning[], approval: Approval | null): void {
    this.element.hidden = warnings.length === 0 && approval === null;
    this.element.replaceChildren(
      ...(approval ? [h('p', { class: 'ft-draft-policy' }, icon('policy'), T.demands(approval.policy))] : []),
      ...warningLines(warnings),
    );
  }
}

export function warningLines(warnings: readonly Warning[]): HTMLElement[] {
  return warnings.map((warning) =>
    h(
      'p',
      { class: 'ft-warning', 'data-warning': warning.code },
      icon('warning'),
      h(
        'span',
        {},
        warning.sentence,
        ...warning.links.flatMap((link) => [' ', h('a', { href: link.url, target: '_blank' }, link.label)]),
      ),
    ),
  );
}
