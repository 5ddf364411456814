/* The large editor below the tools: a whole scope, or one value, as JSON; edit, compare, save. */

import type { JsonEditor, Mode } from '../editor';
import { asDraft } from '../drafting';
import { h } from '../dom';
import { changeOf, documentOf, type JsonFault, pretty, sameText, told } from '../json';
import type { PanelState } from '../panels';
import { texts } from '../texts';
import { type Edit, refusalOf } from './api';
import { type Saving, Warnings } from './saving';

const T = texts({
  en: {
    view: 'View',
    edit: 'Edit',
    compare: 'Compare',
    format: 'Format',
    formatHint: 'Indent; numbers and texts stay as they are',
    save: 'Save',
    saveAnyway: 'Save anyway',
    saving: 'Saving…',
    cancel: 'Cancel',
    reason: 'Reason',
    reasonHint: 'Why? Goes into the audit log',
    unchanged: 'Nothing has changed yet.',
    invalid: 'Invalid JSON format',
    notAnObject: 'Invalid JSON format: the variables have to be an object, {"name": value}.',
    nameless: 'A variable needs a name of 1 to 255 characters.',
    discard: 'Discard what you have typed?',
    discardYes: 'Discard',
    discardNo: 'Keep editing',
    keys: 'Ctrl+Enter saves · Esc, then Tab leaves the text',
    masked: 'Masked values stay as they are, unless you write something else in their place.',
    restored: 'This is what you had typed before you left.',
    fresh: 'Start from the present values',
    more: (count: number) => `and ${count} more`,
  },
  de: {
    view: 'Ansicht',
    edit: 'Bearbeiten',
    compare: 'Vergleichen',
    format: 'Formatieren',
    formatHint: 'Einrücken; Zahlen und Texte bleiben, wie sie sind',
    save: 'Speichern',
    saveAnyway: 'Trotzdem speichern',
    saving: 'Wird gespeichert…',
    cancel: 'Abbrechen',
    reason: 'Grund',
    reasonHint: 'Warum? Steht dann im Audit-Log',
    unchanged: 'Es ist noch nichts geändert.',
    invalid: 'Ungültiges JSON',
    notAnObject: 'Ungültiges JSON: Die Variablen müssen ein Objekt sein, {"Name": Wert}.',
    nameless: 'Eine Variable braucht einen Namen mit 1 bis 255 Zeichen.',
    discard: 'Eingaben verwerfen?',
    discardYes: 'Verwerfen',
    discardNo: 'Weiter bearbeiten',
    keys: 'Strg+Eingabe speichert · Esc, dann Tab verlässt den Text',
    masked: 'Maskierte Werte bleiben, wie sie sind, solange nichts anderes an ihre Stelle geschrieben wird.',
    restored: 'Das ist, was vor dem Verlassen der Seite eingegeben war.',
    fresh: 'Mit den aktuellen Werten beginnen',
    more: (count) => `und ${count} weitere`,
  },
});

const MOST_FAULTS = 5;
const DRAFT_LIMIT = 1_000_000;

/** What is edited: values by name as one document, or one value alone. */
export interface Subject {
  title: string;
  values: Map<string, string>;
  /** The one variable whose value is edited, if it is not all of them. */
  only: string | null;
  seen: Record<string, string | null>;
  isMasked: boolean;
}

interface Draft {
  text: string;
  original: string;
  values: [string, string][];
  seen: Record<string, string | null>;
}

/** Shows values read-only; nothing of it can be lost. */
export class DocumentViewer {
  private editor: JsonEditor | null = null;
  private text = '';

  constructor(private readonly place: HTMLElement) {}

  async show(values: Map<string, string>, label: string): Promise<void> {
    const text = documentOf(values);
    if (this.editor && text === this.text) {
      return;
    }
    const { JsonEditor } = await import('../editor');
    const scrolled = this.place.querySelector('.cm-scroller')?.scrollTop ?? 0;
    this.close();
    this.text = text;
    const place = h('div', { class: 'ft-editor' });
    this.place.replaceChildren(place);
    this.editor = new JsonEditor(place, { text, original: text, label }, 'read');
    requestAnimationFrame(() => this.place.querySelector('.cm-scroller')?.scrollTo(0, scrolled));
  }

  close(): void {
    this.editor?.destroy();
    this.editor = null;
    this.place.replaceChildren();
  }
}

export class DocumentEditor {
  private editor: JsonEditor | null = null;
  private readonly warnings: Warnings;
  private readonly faults = h('div', { class: 'ft-faults', role: 'alert' });
  private readonly summary = h('div', { class: 'ft-summary', 'aria-live': 'polite' });
  private readonly notice = h('div', { class: 'ft-draft', hidden: true });
  private readonly box = h('div', { class: 'ft-editor' });
  private readonly reason: HTMLInputElement;
  private readonly saveButton = h('button', { type: 'button', class: 'ft-button ft-button-primary' }, T.save);
  private readonly keepButton = h(
    'button',
    { type: 'button', class: 'ft-button', onclick: () => void this.save(true) },
    asDraft.save,
  );
  private readonly formatButton = h('button', { type: 'button', class: 'ft-button', title: T.formatHint }, T.format);
  private readonly modes: HTMLButtonElement[];
  private original = '';
  private draftTimer = 0;

  /** `done` is called once: with the page after saving, or null. */
  constructor(
    private readonly place: HTMLElement,
    private readonly saving: Saving,
    private subject: Subject,
    private readonly done: (state: PanelState | null) => void,
  ) {
    this.warnings = new Warnings(saving);
    this.reason = h('input', {
      class: 'ft-input',
      id: 'variables-reason',
      maxlength: 500,
      autocomplete: 'off',
      placeholder: T.reasonHint,
      'aria-label': T.reason,
    });
    this.modes = (['edit', 'compare'] as const).map((mode) =>
      h(
        'button',
        {
          type: 'button',
          class: 'ft-segment',
          'aria-pressed': String(mode === 'edit'),
          onclick: () => this.choose(mode),
        },
        T[mode],
      ),
    );
    this.saveButton.addEventListener('click', () => void this.save());
    this.formatButton.addEventListener('click', () => this.editor?.format());
    this.reason.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') {
        event.preventDefault();
        void this.save();
      }
    });
  }

  async open(): Promise<void> {
    const { JsonEditor } = await import('../editor');
    this.original = this.textOf(this.subject);
    const draft = this.draft();
    if (draft) {
      this.original = draft.original;
      this.subject = { ...this.subject, values: new Map(draft.values), seen: draft.seen };
      this.notice.replaceChildren(
        T.restored,
        ' ',
        h('button', { type: 'button', class: 'ft-link', onclick: () => this.startAnew() }, T.fresh),
      );
      this.notice.hidden = false;
    }
    this.place.replaceChildren(
      h(
        'div',
        { class: 'ft-editor-bar' },
        h('strong', { class: 'ft-editor-title' }, this.subject.title),
        h('div', { class: 'ft-segments', role: 'group', 'aria-label': T.view }, ...this.modes),
        this.formatButton,
        this.summary,
      ),
      this.notice,
      ...(this.subject.isMasked ? [h('p', { class: 'ft-subtle ft-editor-note' }, T.masked)] : []),
      this.box,
      this.faults,
      this.warnings.element,
      h(
        'div',
        { class: 'ft-editor-foot' },
        this.reason,
        h('span', { class: 'ft-subtle ft-editor-keys' }, T.keys),
        h('button', { type: 'button', class: 'ft-button', onclick: () => void this.cancel() }, T.cancel),
        this.keepButton,
        this.saveButton,
      ),
    );
    this.editor = new JsonEditor(
      this.box,
      {
        text: draft?.text ?? this.original,
        original: this.original,
        label: this.subject.title,
        onChange: () => this.changed(),
        onSave: () => void this.save(),
      },
      'edit',
    );
    this.changed();
    this.editor.focus();
  }

  get isDirty(): boolean {
    return this.editor !== null && this.editor.text !== this.original;
  }

  private choose(mode: Mode): void {
    this.editor?.setMode(mode);
    this.modes.forEach((button, position) =>
      button.setAttribute('aria-pressed', String((position ? 'compare' : 'edit') === mode)),
    );
    this.editor?.focus();
  }

  private textOf(subject: Subject): string {
    return subject.only === null ? documentOf(subject.values) : pretty(subject.values.get(subject.only) ?? 'null');
  }

  // -- what was typed

  private changed(): void {
    if (this.edit()) {
      this.warnings.askSoon();
    }
    clearTimeout(this.draftTimer);
    this.draftTimer = window.setTimeout(() => this.keepDraft(), 400);
  }

  /** The edit as it stands; null, and the reason on the Save button, if there is none. */
  private edit(): Edit | null {
    const editor = this.editor;
    if (!editor) {
      return null;
    }
    const faults = editor.faults;
    this.showFaults(faults);
    this.formatButton.disabled = faults.length > 0;
    const { root } = editor.upToDate;
    const isDocument = this.subject.only === null;
    const why = faults.length ? T.invalid : isDocument && root?.kind !== 'object' ? T.notAnObject : '';
    if (why || !root) {
      if (!faults.length) {
        this.faults.replaceChildren(h('p', {}, why));
      }
      this.summary.replaceChildren();
      return this.refuse(why);
    }
    const text = editor.text;
    if (!isDocument) {
      const name = this.subject.only ?? '';
      const isSame = sameText(text, this.original);
      this.summary.replaceChildren();
      return isSame ? this.refuse(T.unchanged) : this.allow({ [name]: text }, []);
    }
    const change = changeOf(this.subject.values, text, root);
    this.summarize(change);
    const named = [...change.set.keys()].every((name) => name.length > 0 && name.length <= 255);
    if (!named) {
      this.faults.replaceChildren(h('p', {}, T.nameless));
      return this.refuse(T.nameless);
    }
    return change.set.size || change.removed.length
      ? this.allow(Object.fromEntries(change.set), change.removed)
      : this.refuse(T.unchanged);
  }

  private allow(texts: Record<string, string>, removed: string[]): Edit {
    this.saveButton.disabled = this.keepButton.disabled = false;
    this.saveButton.title = '';
    const names = [...Object.keys(texts), ...removed];
    return {
      set: Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, { text }])),
      delete: removed,
      seen: Object.fromEntries(names.map((name) => [name, this.subject.seen[name] ?? null])),
      reason: this.reason.value,
    };
  }

  private refuse(why: string): null {
    this.saveButton.disabled = this.keepButton.disabled = true;
    this.saveButton.title = why;
    return null;
  }

  private summarize(change: ReturnType<typeof changeOf>): void {
    const chip = (kind: string, sign: string, names: readonly string[]): HTMLElement | false =>
      names.length > 0 &&
      h(
        'span',
        { class: `ft-chip ft-chip-${kind}`, title: names.slice(0, 40).join(', ') },
        `${sign} ${names.length > 2 ? names.length : names.join(', ')}`,
      );
    this.summary.replaceChildren(
      ...[
        chip('changed', '~', change.changed),
        chip('added', '+', change.added),
        chip('removed', '−', change.removed),
      ].filter((each): each is HTMLElement => each !== false),
    );
  }

  private showFaults(faults: readonly JsonFault[]): void {
    const shown = faults
      .slice(0, MOST_FAULTS)
      .map((fault) =>
        h('button', { type: 'button', class: 'ft-fault', onclick: () => this.editor?.goTo(fault) }, told(fault)),
      );
    const rest = faults.length - shown.length;
    this.faults.replaceChildren(...shown, ...(rest > 0 ? [h('span', { class: 'ft-subtle' }, T.more(rest))] : []));
  }

  // -- saving and leaving

  private async save(isDraft = false): Promise<void> {
    const edit = this.edit();
    if (!edit || this.saveButton.textContent === T.saving) {
      return;
    }
    if (!isDraft && (await this.warnings.ask())) {
      this.saveButton.textContent = T.saveAnyway;
      return;
    }
    this.saveButton.textContent = T.saving;
    this.saveButton.disabled = true;
    try {
      const state = await (isDraft ? this.saving.keep(edit) : this.saving.save(edit));
      if (state) {
        this.close(state);
        return;
      }
    } catch (error) {
      const { message, problems } = refusalOf(error);
      const places = (problems ?? []).map((problem) => `${problem.path ? `${problem.path}: ` : ''}${problem.message}`);
      this.faults.replaceChildren(
        h('p', {}, message),
        ...places.slice(0, MOST_FAULTS).map((place) => h('p', {}, place)),
      );
    }
    this.saveButton.textContent = T.save;
    this.saveButton.disabled = false;
  }

  async cancel(): Promise<boolean> {
    if (this.isDirty && !(await this.mayDiscard())) {
      return false;
    }
    this.close(null);
    return true;
  }

  private mayDiscard(): Promise<boolean> {
    const dialog = document.querySelector<HTMLDialogElement>('#ask');
    if (!dialog) {
      return Promise.resolve(true);
    }
    const yes = h('button', { type: 'button', class: 'ft-button ft-button-danger' }, T.discardYes);
    const no = h('button', { type: 'button', class: 'ft-button', onclick: () => dialog.close() }, T.discardNo);
    dialog.replaceChildren(
      h('header', { class: 'ft-dialog-header' }, h('h2', { id: 'ask-title' }, T.discard)),
      h('footer', { class: 'ft-dialog-footer' }, h('span', { class: 'ft-grow' }), no, yes),
    );
    dialog.showModal();
    no.focus();
    return new Promise((done) => {
      let discards = false;
      yes.addEventListener('click', () => {
        discards = true;
        dialog.close();
      });
      dialog.addEventListener('close', () => done(discards), { once: true });
    });
  }

  private close(state: PanelState | null): void {
    clearTimeout(this.draftTimer);
    this.dropDraft();
    this.editor?.destroy();
    this.editor = null;
    this.place.replaceChildren();
    this.done(state);
  }

  // -- the draft, for when the page is left all the same

  private get draftName(): string {
    return `fettle.draft.${this.saving.scope}.${this.subject.only ?? '*'}`;
  }

  private keepDraft(): void {
    const text = this.editor?.text ?? '';
    if (!this.isDirty || text.length > DRAFT_LIMIT) {
      this.dropDraft();
      return;
    }
    const draft: Draft = {
      text,
      original: this.original,
      values: [...this.subject.values],
      seen: this.subject.seen,
    };
    try {
      sessionStorage.setItem(this.draftName, JSON.stringify(draft));
    } catch {
      this.dropDraft(); // too large for the browser: the guard on leaving is what remains
    }
  }

  private dropDraft(): void {
    sessionStorage.removeItem(this.draftName);
  }

  private draft(): Draft | null {
    const kept = sessionStorage.getItem(this.draftName);
    return kept ? (JSON.parse(kept) as Draft) : null;
  }

  private startAnew(): void {
    this.dropDraft();
    this.notice.hidden = true;
    this.editor?.destroy();
    this.editor = null;
    this.done(null);
    this.onStartAnew();
  }

  /** Opens it again with the present values. */
  onStartAnew: () => void = () => {};
}
