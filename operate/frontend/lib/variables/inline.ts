/* Editing in the row: type, see was and now, give a reason, Ctrl+Enter. Also adding and deleting. */

import { asDraft } from '../drafting';
import { h, icon } from '../dom';
import { faultIn, sameText } from '../json';
import type { PanelState } from '../panels';
import { texts } from '../texts';
import { type Edit, refusalOf } from './api';
import { type Saving, Warnings } from './saving';
import { preview } from './values';

const T = texts({
  en: {
    value: (name: string) => `Value of ${name} (JSON)`,
    newValue: 'Value of the new variable (JSON)',
    reason: 'Reason',
    reasonHint: 'Reason (goes into the audit log)',
    save: 'Save',
    saveAnyway: 'Save anyway',
    cancel: 'Cancel',
    remove: 'Delete',
    keep: 'Keep',
    name: 'Name',
    newName: 'Name of the new variable',
    newKey: 'Name of the new property',
    type: 'Type',
    nameless: 'Name has to be filled.',
    taken: (name: string) => `Name should be unique: there is a variable ‘${name}’.`,
    unchanged: 'Nothing has changed yet.',
  },
  de: {
    value: (name) => `Wert von ${name} (JSON)`,
    newValue: 'Wert der neuen Variable (JSON)',
    reason: 'Grund',
    reasonHint: 'Grund (steht dann im Audit-Log)',
    save: 'Speichern',
    saveAnyway: 'Trotzdem speichern',
    cancel: 'Abbrechen',
    remove: 'Löschen',
    keep: 'Behalten',
    name: 'Name',
    newName: 'Name der neuen Variable',
    newKey: 'Name der neuen Eigenschaft',
    type: 'Typ',
    nameless: 'Ein Name muss angegeben werden.',
    taken: (name) => `Der Name muss eindeutig sein: Es gibt schon eine Variable ‚${name}‘.`,
    unchanged: 'Es ist noch nichts geändert.',
  },
});

export const TYPES = [
  'String',
  'Boolean',
  'Short',
  'Integer',
  'Long',
  'Double',
  'Date',
  'Null',
  'Json',
  'Object',
  'Xml',
];

export interface Task {
  /** What is edited, in words. */
  label: string;
  text: string;
  original: string | null;
  /** The edit that this text would be. */
  edit(text: string, reason: string): Edit;
  /** Called when it is over: with the page as it is then, or null if nothing was saved. */
  done(state: PanelState | null): void;
  naming?: { label: string; taken: (name: string) => boolean; input: HTMLInputElement };
  types?: HTMLSelectElement | null;
}

/** Opens an editor in a cell; returns whether something was typed that would be lost. */
export function editInline(cell: HTMLElement, saving: Saving, task: Task): () => boolean {
  const value = h('textarea', {
    class: 'ft-input',
    rows: Math.min(8, task.text.split('\n').length + 1),
    'aria-label': task.naming ? T.newValue : T.value(task.label),
    spellcheck: 'false',
  });
  value.value = task.text;
  const problem = h('p', { class: 'ft-error', role: 'alert' });
  const difference = h('p', { class: 'ft-diff', 'aria-live': 'polite', hidden: true });
  const reason = reasonField();
  const save = h('button', { type: 'button', class: 'ft-button ft-button-primary' }, T.save);
  const keep = h(
    'button',
    { type: 'button', class: 'ft-icon-button', title: asDraft.save, 'aria-label': asDraft.save },
    icon('rate_review'),
  );
  const cancel = h('button', { type: 'button', class: 'ft-button ft-button-plain' }, T.cancel);
  const warnings = new Warnings(saving);
  const isChanged = (): boolean => value.value !== task.text || Boolean(task.naming?.input.value);
  const problemNow = (): string => {
    const name = task.naming?.input.value.trim();
    if (name === '') {
      return T.nameless;
    }
    if (name !== undefined && task.naming?.taken(name)) {
      return T.taken(name);
    }
    return faultIn(value.value) ?? '';
  };
  const check = (): boolean => {
    const found = problemNow();
    const isSame = task.original !== null && !found && sameText(value.value, task.original);
    problem.textContent = found === T.nameless && !task.naming?.input.matches('.is-touched') ? '' : found;
    save.disabled = keep.disabled = Boolean(found) || isSame;
    save.title = found || (isSame ? T.unchanged : '');
    save.textContent = T.save;
    difference.hidden = Boolean(found) || isSame || task.original === null;
    if (!difference.hidden) {
      difference.replaceChildren(
        h('del', {}, preview(task.original ?? '')),
        ' → ',
        h('ins', {}, preview(value.value.trim())),
      );
    }
    return !save.disabled;
  };
  const edit = (): Edit => task.edit(value.value.trim(), reason.value);
  const submit = async (isDraft = false): Promise<void> => {
    if (!check()) {
      return;
    }
    save.disabled = true;
    if (!isDraft && (await warnings.ask())) {
      save.disabled = false;
      save.textContent = T.saveAnyway;
      return;
    }
    try {
      const state = await (isDraft ? saving.keep(edit()) : saving.save(edit()));
      if (state) {
        task.done(state);
      }
    } catch (error) {
      problem.textContent = refusalOf(error).message;
    }
    save.disabled = false;
  };
  const changed = (): void => {
    if (check()) {
      warnings.askSoon();
    }
  };
  value.addEventListener('input', changed);
  task.types?.addEventListener('change', changed);
  task.naming?.input.addEventListener('input', () => {
    task.naming?.input.classList.add('is-touched');
    changed();
  });
  save.addEventListener('click', () => void submit());
  keep.addEventListener('click', () => void submit(true));
  cancel.addEventListener('click', () => task.done(null));
  const host = h(
    'div',
    { class: 'ft-inline-editor' },
    value,
    difference,
    problem,
    warnings.element,
    h('div', { class: 'ft-inline-editor-row' }, reason, save, keep, cancel),
  );
  for (const field of [host, task.naming?.input, task.types]) {
    field?.addEventListener('keydown', (event) => {
      const { key, ctrlKey, metaKey } = event as KeyboardEvent;
      if (key === 'Escape') {
        event.stopPropagation();
        task.done(null);
      } else if (key === 'Enter' && (ctrlKey || metaKey || event.target === reason)) {
        event.preventDefault();
        void submit();
      }
    });
  }
  cell.replaceChildren(host);
  check();
  host.scrollIntoView({ block: 'nearest' });
  if (task.naming) {
    task.naming.input.focus();
  } else {
    value.focus();
    value.select();
  }
  return isChanged;
}

/** Asks in the row whether to delete: a reason if there is one, and one button that has the focus. */
export function deleteInline(cell: HTMLElement, saving: Saving, task: Omit<Task, 'text' | 'original'>): void {
  const reason = reasonField();
  const problem = h('p', { class: 'ft-error', role: 'alert' });
  const warnings = new Warnings(saving);
  const edit = (): Edit => task.edit('', reason.value);
  const remove = async (): Promise<void> => {
    if (await warnings.ask()) {
      return;
    }
    try {
      const state = await saving.save(edit());
      if (state) {
        task.done(state);
      }
    } catch (error) {
      problem.textContent = refusalOf(error).message;
    }
  };
  const button = h(
    'button',
    { type: 'button', class: 'ft-button ft-button-danger', onclick: () => void remove() },
    T.remove,
  );
  const host = h(
    'div',
    { class: 'ft-inline-editor' },
    warnings.element,
    problem,
    h(
      'div',
      { class: 'ft-inline-editor-row' },
      reason,
      button,
      h('button', { type: 'button', class: 'ft-button ft-button-plain', onclick: () => task.done(null) }, T.keep),
    ),
  );
  host.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && event.target === reason) {
      void remove();
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      task.done(null);
    }
  });
  cell.replaceChildren(host);
  void warnings.ask();
  host.scrollIntoView({ block: 'nearest' });
  button.focus();
}

function reasonField(): HTMLInputElement {
  return h('input', {
    class: 'ft-input',
    placeholder: T.reasonHint,
    'aria-label': T.reason,
    maxlength: 500,
    autocomplete: 'off',
  });
}

/** The fields for the name of something new, and for its type where types are chosen. */
export function nameField(label: string): HTMLInputElement {
  return h('input', {
    class: 'ft-input',
    placeholder: T.name,
    'aria-label': label,
    maxlength: 255,
    autocomplete: 'off',
  });
}

export function typeField(): HTMLSelectElement {
  return h(
    'select',
    { class: 'ft-input', 'aria-label': T.type },
    h('option', { value: '' }, 'by value'),
    ...TYPES.map((type) => h('option', { value: type }, type)),
  );
}

export const newNameLabel = T.newName;
export const newKeyLabel = T.newKey;
