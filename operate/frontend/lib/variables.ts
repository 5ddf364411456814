/*
 * The variables of a process instance: a tree, a JSON text, an editor. The server renders the rows and has the last word;
 * the large editor stands beside them, so that rows can be replaced while somebody writes.
 */

import { h, need, toast } from './dom';
import { replaced, valueAt, withMember, without } from './json';
import type { Panels, PanelState } from './panels';
import { texts } from './texts';
import { refusalOf } from './variables/api';
import { DocumentEditor, DocumentViewer } from './variables/document';
import {
  deleteInline,
  editInline,
  nameField,
  newKeyLabel,
  newNameLabel,
  type Task,
  typeField,
} from './variables/inline';
import { showHistory } from './variables/past';
import { Saving } from './variables/saving';
import { placeOf, Tree } from './variables/tree';
import { isLong, preview, Values } from './variables/values';

const T = texts({
  en: {
    all: (scope: string) => `Modify variables · ${scope}`,
    one: (name: string, scope: string) => `${name} · ${scope}`,
    json: (scope: string) => `Variables of ${scope}`,
    saved: (name: string) => `Variable '${name}' saved.`,
    added: (name: string) => `Variable '${name}' added.`,
    deleted: (name: string) => `Variable '${name}' deleted.`,
    allSaved: 'Variables saved.',
    busy: 'Save or cancel the edit first.',
  },
  de: {
    all: (scope) => `Variablen bearbeiten · ${scope}`,
    one: (name, scope) => `${name} · ${scope}`,
    json: (scope) => `Variablen von ${scope}`,
    saved: (name) => `Variable „${name}“ gespeichert.`,
    added: (name) => `Variable „${name}“ hinzugefügt.`,
    deleted: (name) => `Variable „${name}“ gelöscht.`,
    allSaved: 'Variablen gespeichert.',
    busy: 'Erst die offene Änderung speichern oder abbrechen.',
  },
});

type View = 'tree' | 'json';
const SEARCH_PAUSE_MS = 200;

export class Variables {
  private values: Values;
  private readonly tree: Tree;
  private readonly viewer: DocumentViewer;
  private document: DocumentEditor | null = null;
  private readonly unsaved = new Set<() => boolean>();
  private view: View = 'tree';
  private search = '';
  private isWide = false;
  private timer = 0;
  /** Told when another view or scope was chosen. */
  onView: (view: View) => void = () => {};
  onScope: (scope: string) => void = () => {};

  constructor(
    private readonly panel: HTMLElement,
    private readonly panels: Panels,
    private readonly page: HTMLElement,
  ) {
    this.values = new Values(this.root, panels.page);
    this.tree = new Tree(panel, () => this.values);
    this.viewer = new DocumentViewer(need('#variables-view'));
    panel.addEventListener('click', (event) => void this.clicked(event));
    panel.addEventListener('dblclick', (event) => {
      const target = event.target as HTMLElement;
      const row = target.closest<HTMLTableRowElement>('tr[aria-level]');
      if (row && this.values.mayEdit && target.closest('.ft-var-value') && !row.dataset.from && !editorIn(row)) {
        void this.edit(row);
      }
    });
    panel.addEventListener('change', (event) => this.chosen(event));
    panel.addEventListener('input', (event) => this.typed(event));
    addEventListener('beforeunload', (event) => {
      if (this.isDirty) {
        event.preventDefault();
      }
    });
    void this.shown();
  }

  /** While something is being edited the rows must not be replaced. */
  get isEditing(): boolean {
    return this.document !== null || this.unsaved.size > 0;
  }

  private get isDirty(): boolean {
    return Boolean(this.document?.isDirty) || [...this.unsaved].some((isChanged) => isChanged());
  }

  /** The server has rendered the rows anew. */
  async shown(): Promise<void> {
    this.values = new Values(this.root, this.panels.page, this.values);
    const field = this.panel.querySelector<HTMLInputElement>('[data-filter-vars]');
    if (field) {
      field.value = this.search;
    }
    this.showChoice();
    this.panel.querySelector('[data-wide]')?.setAttribute('aria-pressed', String(this.isWide));
    await Promise.all([this.tree.shown(), this.showView()]);
  }

  /** Edit all variables of the scope as one document. */
  async openDocument(): Promise<void> {
    if (this.values.mayEdit && !this.document) {
      const values = await this.values.all();
      await this.openEditor(T.all(this.values.scopeName), values, null);
    }
  }

  async choose(view: View): Promise<void> {
    this.view = view;
    this.showChoice();
    this.onView(view);
    await this.showView();
  }

  private showChoice(): void {
    const choice = this.panel.querySelector<HTMLSelectElement>('[data-view-select]');
    if (choice) {
      choice.value = this.view;
    }
  }

  private get root(): HTMLElement {
    return this.panel.querySelector<HTMLElement>('.ft-vars') ?? this.panel;
  }

  private async showView(): Promise<void> {
    this.panel.dataset.view = this.view;
    if (this.view === 'json' && !this.document) {
      try {
        await this.viewer.show(await this.values.all(), T.json(this.values.scopeName));
      } catch (error) {
        toast(refusalOf(error).message, 'error');
      }
    } else if (this.view === 'tree') {
      this.viewer.close();
    }
  }

  private setWide(isWide: boolean): void {
    this.isWide = isWide;
    this.page.classList.toggle('is-wide', isWide);
    this.panel.querySelector('[data-wide]')?.setAttribute('aria-pressed', String(isWide));
  }

  // -- what is clicked, chosen, typed

  private async clicked(event: Event): Promise<void> {
    const target = event.target as HTMLElement;
    const row = target.closest<HTMLTableRowElement>('tr[aria-level]');
    const on = (mark: string): boolean => target.closest(`[${mark}]`) !== null;
    if (target.closest('[aria-disabled="true"]')) {
      return;
    }
    if (on('data-toggle') && row) {
      await this.tree.toggle(row);
    } else if (on('data-history') && row) {
      const clock = target.closest<HTMLElement>('[data-history]') ?? row;
      await showHistory(clock, this.panels.page, this.values.scope, placeOf(row).variable);
    } else if (on('data-reveal') && row) {
      await this.reveal(row);
    } else if (on('data-edit-variable') && row) {
      await this.edit(row);
    } else if (on('data-delete-variable') && row) {
      await this.askToDelete(row);
    } else if (on('data-add-member') && row) {
      await this.addMember(row);
    } else if (on('data-add-variable')) {
      this.add();
    } else if (on('data-edit-all')) {
      await this.openDocument();
    } else if (on('data-wide')) {
      this.setWide(!this.isWide);
    }
  }

  private async reveal(row: HTMLTableRowElement): Promise<void> {
    try {
      const text = await this.values.reveal(placeOf(row).variable);
      row.querySelector('.ft-var-value > code')?.replaceChildren(preview(text));
      row.querySelector('[data-reveal]')?.remove();
      if (row.getAttribute('aria-expanded') === 'true') {
        await this.tree.toggle(row);
        await this.tree.toggle(row);
      }
    } catch (error) {
      toast(refusalOf(error).message, 'error');
    }
  }

  private chosen(event: Event): void {
    const field = event.target as HTMLSelectElement;
    if (field.matches('[data-view-select]')) {
      void this.choose(field.value as View);
    } else if (field.matches('[data-scope-select]')) {
      if (this.isEditing) {
        field.value = this.values.scope;
        toast(T.busy, 'warning');
      } else {
        this.onScope(field.value);
      }
    }
  }

  private typed(event: Event): void {
    const field = event.target as HTMLInputElement;
    if (field.matches('[data-filter-vars]')) {
      this.search = field.value;
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.tree.find(this.search), SEARCH_PAUSE_MS);
    }
  }

  // -- the large editor

  private async openEditor(title: string, values: Map<string, string>, only: string | null): Promise<void> {
    const { values: present } = this;
    const place = need('#variables-editor');
    const opener = document.activeElement as HTMLElement | null;
    const wasWide = this.isWide;
    const names = only === null ? [...values.keys()] : [only];
    const subject = {
      title,
      values,
      only,
      seen: present.seen(names),
      isMasked: names.some((name) => present.known.get(name)?.isMasked),
    };
    const editor = new DocumentEditor(place, new Saving(this.panels.page, present.scope), subject, (state) => {
      this.document = null;
      place.hidden = true;
      this.page.classList.remove('is-writing');
      this.setWide(wasWide);
      if (state) {
        this.saved(state, only === null ? T.allSaved : T.saved(only));
      } else {
        void this.showView();
      }
      (opener?.isConnected ? opener : this.panel.querySelector<HTMLElement>('[data-edit-all]'))?.focus();
    });
    editor.onStartAnew = () => void this.panels.load().then(() => this.openDocument());
    this.document = editor;
    this.setWide(true);
    this.page.classList.add('is-writing');
    place.hidden = false;
    await editor.open();
  }

  private saved(state: PanelState, text: string): void {
    this.panels.show(state);
    if (state.kept) {
      location.assign(state.kept);
    } else {
      toast(text);
    }
  }

  // -- in the row

  private async edit(row: HTMLTableRowElement): Promise<void> {
    const { variable, path } = placeOf(row);
    const values = this.values;
    if (!variable || editorIn(row)) {
      return;
    }
    const whole = await values.text(variable);
    const text = valueAt(whole, path) ?? 'null';
    if (isLong(text)) {
      const all = path.length ? whole : text;
      await this.openEditor(T.one(variable, values.scopeName), new Map([[variable, all]]), variable);
      return;
    }
    this.inCell(row, {
      label: [variable, ...path].join(' › '),
      text,
      original: text,
      edit: (now, reason) => values.setting(variable, path.length ? replaced(whole, path, now) : now, reason),
      told: T.saved(variable),
    });
  }

  private async askToDelete(row: HTMLTableRowElement): Promise<void> {
    const { variable, path } = placeOf(row);
    const values = this.values;
    const cell = row.querySelector<HTMLElement>('.ft-var-value');
    if (!cell || editorIn(row)) {
      return;
    }
    const whole = path.length ? await values.text(variable) : '';
    const over = this.takeCell(cell, () => false);
    deleteInline(cell, this.saving(), {
      label: variable,
      edit: (_text, reason) =>
        path.length ? values.setting(variable, without(whole, path), reason) : values.deleting(variable, reason),
      done: (state) => {
        over();
        if (state) {
          this.saved(state, path.length ? T.saved(variable) : T.deleted(variable));
        } else {
          row.focus();
        }
      },
    });
  }

  private add(): void {
    const values = this.values;
    if (this.view === 'json') {
      void this.choose('tree').then(() => this.shown());
    }
    if (this.panel.querySelector('[data-new-variable]')) {
      return;
    }
    const naming = nameField(newNameLabel);
    const types = this.root.dataset.typed ? typeField() : null;
    this.inNewRow(naming, types, null, {
      label: '',
      text: '""',
      original: null,
      naming: { label: newNameLabel, input: naming, taken: (name) => values.known.has(name) },
      types,
      edit: (text, reason) => values.setting(naming.value.trim(), text, reason, types?.value ?? ''),
      told: '',
    });
  }

  private async addMember(row: HTMLTableRowElement): Promise<void> {
    const { variable, path } = placeOf(row);
    const values = this.values;
    const whole = await values.text(variable);
    const isList = /^\s*\[/.test(valueAt(whole, path) ?? 'null');
    if (this.panel.querySelector('[data-new-variable]')) {
      return;
    }
    const naming = isList ? null : nameField(newKeyLabel);
    this.inNewRow(naming, null, row, {
      label: variable,
      text: '""',
      original: null,
      edit: (text, reason) => values.setting(variable, withMember(whole, path, naming?.value ?? '', text), reason),
      told: T.saved(variable),
      ...(naming ? { naming: { label: newKeyLabel, input: naming, taken: () => false } } : {}),
    });
  }

  private inNewRow(
    naming: HTMLInputElement | null,
    types: HTMLSelectElement | null,
    after: HTMLTableRowElement | null,
    task: Omit<Task, 'done'> & { told: string },
  ): void {
    const cell = h('td', { class: 'ft-var-value', colspan: 3, role: 'gridcell' });
    const level = after ? Number(after.getAttribute('aria-level')) : 0;
    const name = h('td', { class: 'ft-var-name', role: 'gridcell', style: `--level: ${level}` }, naming, types);
    const row = h('tr', { 'data-new-variable': true, role: 'row', class: 'is-editing' }, name, cell);
    after ? after.after(row) : this.body().prepend(row);
    const isChanged = editInline(cell, this.saving(), {
      ...task,
      done: (state) => {
        row.remove();
        this.unsaved.delete(isChanged);
        if (state) {
          this.saved(state, task.told || T.added(naming?.value.trim() ?? ''));
        }
        this.panel.querySelector<HTMLElement>('[data-add-variable]')?.focus();
      },
    });
    this.unsaved.add(isChanged);
  }

  private inCell(row: HTMLTableRowElement, task: Omit<Task, 'done'> & { told: string }): void {
    const cell = row.querySelector<HTMLElement>('.ft-var-value');
    if (!cell) {
      return;
    }
    let isChanged = (): boolean => false;
    const over = this.takeCell(cell, () => isChanged());
    isChanged = editInline(cell, this.saving(), {
      ...task,
      done: (state) => {
        over();
        if (state) {
          this.saved(state, task.told);
        } else {
          row.focus();
        }
      },
    });
  }

  /** Use the cell of a row, and those beside it, for something else; what is returned puts all back. */
  private takeCell(cell: HTMLElement, isChanged: () => boolean): () => void {
    const before = [...cell.childNodes];
    const row = cell.closest('tr');
    cell.setAttribute('colspan', '3');
    row?.classList.add('is-editing');
    this.unsaved.add(isChanged);
    return () => {
      cell.removeAttribute('colspan');
      row?.classList.remove('is-editing');
      cell.replaceChildren(...before);
      this.unsaved.delete(isChanged);
    };
  }

  private saving(): Saving {
    return new Saving(this.panels.page, this.values.scope);
  }

  private body(): HTMLElement {
    const table = this.panel.querySelector<HTMLElement>('.ft-vars-table');
    table?.removeAttribute('hidden');
    this.panel.querySelector('.ft-empty')?.remove();
    return need('.ft-vars-table tbody', this.panel);
  }
}

function editorIn(row: HTMLElement): boolean {
  return row.querySelector('.ft-inline-editor') !== null;
}
