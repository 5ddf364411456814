/* The variables panel: edit one in place, edit all as a document, add, delete. The server has the last word. */

import { openEditor } from './editor';
import { h, toast } from './dom';
import { postJson, Refused } from './http';
import { documentOf, jsonError, told } from './json';
import type { Panels } from './panels';

const LONG = 120;

interface Saved {
  set?: Record<string, string>;
  delete?: string[];
  document?: string;
  expected: Record<string, string | null>;
  reason: string;
}

export class Variables {
  private editing = 0;

  constructor(
    private readonly panel: HTMLElement,
    private readonly panels: Panels,
  ) {
    panel.addEventListener('click', (event) => this.clicked(event));
    panel.addEventListener('dblclick', (event) => {
      const row = (event.target as HTMLElement).closest<HTMLElement>('[data-variable]');
      if (row?.dataset.editable && !row.querySelector('.ft-inline-editor')) {
        this.edit(row);
      }
    });
    panel.addEventListener('input', (event) => this.filter(event));
  }

  /** While something is being edited the page must not be replaced. */
  get isEditing(): boolean {
    return this.editing > 0;
  }

  openDocument(): void {
    const button = this.panel.querySelector<HTMLElement>('[data-edit-all]');
    if (button && button.getAttribute('aria-disabled') !== 'true') {
      void this.editAll();
    }
  }

  private get root(): HTMLElement {
    return this.panel.querySelector<HTMLElement>('.ft-vars') ?? this.panel;
  }

  private clicked(event: Event): void {
    const target = event.target as HTMLElement;
    const row = target.closest<HTMLElement>('[data-variable]');
    if (target.closest('[aria-disabled="true"]')) {
      return;
    }
    if (target.closest('[data-edit-variable]') && row) {
      this.edit(row);
    } else if (target.closest('[data-delete-variable]') && row) {
      this.askToDelete(row);
    } else if (target.closest('[data-add-variable]')) {
      this.add();
    } else if (target.closest('[data-edit-all]')) {
      void this.editAll();
    }
  }

  private filter(event: Event): void {
    const field = event.target as HTMLInputElement;
    if (field.matches('[data-filter-vars]')) {
      const text = field.value.toLowerCase();
      this.panel.querySelectorAll<HTMLElement>('[data-variable]').forEach((row) => {
        row.hidden = !row.textContent?.toLowerCase().includes(text);
      });
    }
  }

  private edit(row: HTMLElement): void {
    const name = row.dataset.variable ?? '';
    const text = textOf(row);
    if (text.length > LONG || text.includes('\n')) {
      void this.editInDialog(row, name, text);
      return;
    }
    const cell = row.querySelector<HTMLElement>('.ft-var-value');
    if (!cell) {
      return;
    }
    const before = [...cell.childNodes];
    const close = (): void => {
      narrow(cell);
      cell.replaceChildren(...before);
      this.editing--;
    };
    this.editing++;
    this.inlineEditor(cell, { name, text, original: text, expected: row.dataset.revision ?? null, close });
  }

  private inlineEditor(
    cell: HTMLElement,
    of: {
      name: string;
      text: string;
      original: string | null;
      expected: string | null;
      close: () => void;
      naming?: HTMLInputElement;
    },
  ): void {
    let expected = of.expected;
    const value = h('textarea', {
      class: 'ft-input',
      rows: 2,
      'aria-label': `Value of ${of.name || 'the new variable'} (JSON)`,
      spellcheck: 'false',
    });
    value.value = of.text;
    const problem = h('p', { class: 'ft-error', role: 'alert' });
    const reason = h('input', {
      class: 'ft-input',
      placeholder: 'Reason (goes into the audit log)',
      'aria-label': 'Reason',
      maxlength: 500,
      autocomplete: 'off',
    });
    const save = h(
      'button',
      { type: 'button', class: 'ft-button ft-button-primary', onclick: () => void submit() },
      'Save',
    );
    const cancel = h(
      'button',
      { type: 'button', class: 'ft-button ft-button-plain', onclick: () => of.close() },
      'Cancel',
    );
    const check = (): boolean => {
      const error = jsonError(value.value);
      problem.textContent = error ? told(error) : '';
      save.disabled = error !== null || value.value === of.original || of.naming?.value.trim() === '';
      return !save.disabled;
    };
    const submit = async (): Promise<void> => {
      if (!check()) {
        return;
      }
      const name = of.naming?.value.trim() ?? of.name;
      save.disabled = true;
      try {
        const panels = await this.send({
          set: { [name]: value.value },
          expected: { [name]: expected },
          reason: reason.value,
        });
        this.editing--;
        this.panels.show(panels);
        toast(of.naming ? `Variable '${name}' added.` : `Variable '${name}' saved.`);
      } catch (error) {
        problem.textContent = error instanceof Refused ? error.message : String(error);
        save.disabled = false;
        if (error instanceof Refused && error.status === 409) {
          expected = await this.tellPresent(problem, name);
          save.textContent = 'Overwrite';
        }
      }
    };
    const keys = (event: Event): void => {
      const { key, ctrlKey, metaKey } = event as KeyboardEvent;
      if (key === 'Escape') {
        event.stopPropagation();
        of.close();
      } else if (key === 'Enter' && (ctrlKey || metaKey)) {
        event.preventDefault();
        void submit();
      }
    };
    value.addEventListener('input', check);
    of.naming?.addEventListener('input', check);
    of.naming?.addEventListener('keydown', keys);
    value.addEventListener('keydown', keys);
    reason.addEventListener('keydown', (event) => {
      keys(event);
      if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey) {
        void submit();
      }
    });
    widen(cell);
    cell.replaceChildren(
      h(
        'div',
        { class: 'ft-inline-editor' },
        value,
        problem,
        h('div', { class: 'ft-inline-editor-row' }, reason, save, cancel),
      ),
    );
    check();
    (of.naming ?? value).focus();
    value.select();
  }

  /** After a conflict: what the variable is now, and its revision. */
  private async tellPresent(problem: HTMLElement, name: string): Promise<string | null> {
    const panels = await this.panels.fetch();
    const holder = h('template');
    holder.innerHTML = panels.panels.variables ?? '';
    const row = [...holder.content.querySelectorAll<HTMLElement>('[data-variable]')].find(
      (each) => each.dataset.variable === name,
    );
    problem.append(h('br'), row ? `It is now: ${textOf(row).slice(0, 500)}` : 'It does not exist any more.');
    return row?.dataset.revision ?? null;
  }

  private editInDialog(row: HTMLElement, name: string, text: string): Promise<void> {
    let expected = row.dataset.revision ?? null;
    this.editing++;
    return openEditor({
      title: `Edit '${name}'`,
      hint: `Scope: ${this.root.dataset.scopeName ?? ''}`,
      text,
      original: text,
      save: async (changed, reason) => {
        try {
          const panels = await this.send({ set: { [name]: changed }, expected: { [name]: expected }, reason });
          this.panels.show(panels);
          toast(`Variable '${name}' saved.`);
        } catch (error) {
          if (error instanceof Refused && error.status === 409) {
            const place = h('p');
            expected = await this.tellPresent(place, name);
            throw new Refused(409, {
              message: `${error.message} ${place.textContent ?? ''} Save again to overwrite it.`,
            });
          }
          throw error;
        }
      },
    }).finally(() => this.editing--);
  }

  private editAll(): Promise<void> {
    const rows = [...this.panel.querySelectorAll<HTMLElement>('[data-variable]')];
    const values = new Map(rows.map((row) => [row.dataset.variable ?? '', textOf(row)]));
    const expected = Object.fromEntries(rows.map((row) => [row.dataset.variable ?? '', row.dataset.revision ?? null]));
    const text = documentOf(values);
    this.editing++;
    return openEditor({
      title: 'Modify variables',
      hint: `Scope: ${this.root.dataset.scopeName ?? ''}. Lines that are removed delete their variable. Called instances keep their own copies.`,
      text,
      original: text,
      save: async (document, reason) => {
        const panels = await this.send({ document, expected, reason });
        this.panels.show(panels);
        toast('Variables saved.');
      },
    }).finally(() => this.editing--);
  }

  private askToDelete(row: HTMLElement): void {
    const name = row.dataset.variable ?? '';
    const cell = row.querySelector<HTMLElement>('.ft-var-value');
    if (!cell || cell.querySelector('.ft-inline-editor')) {
      return;
    }
    const before = [...cell.childNodes];
    this.editing++;
    const close = (): void => {
      narrow(cell);
      cell.replaceChildren(...before);
      this.editing--;
    };
    const reason = h('input', {
      class: 'ft-input',
      placeholder: 'Reason (goes into the audit log)',
      'aria-label': 'Reason',
      autocomplete: 'off',
    });
    const problem = h('p', { class: 'ft-error', role: 'alert' });
    const remove = async (): Promise<void> => {
      try {
        const expected = { [name]: row.dataset.revision ?? null };
        const panels = await this.send({ delete: [name], expected, reason: reason.value });
        this.editing--;
        this.panels.show(panels);
        toast(`Variable '${name}' deleted.`);
      } catch (error) {
        problem.textContent = error instanceof Refused ? error.message : String(error);
      }
    };
    const button = h(
      'button',
      { type: 'button', class: 'ft-button ft-button-danger', onclick: () => void remove() },
      'Delete',
    );
    const cancel = h('button', { type: 'button', class: 'ft-button ft-button-plain', onclick: close }, 'Keep');
    widen(cell);
    cell.replaceChildren(
      h(
        'div',
        { class: 'ft-inline-editor' },
        problem,
        h('div', { class: 'ft-inline-editor-row' }, reason, button, cancel),
      ),
    );
    reason.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') {
        void remove();
      } else if (event.key === 'Escape') {
        event.stopPropagation();
        close();
      }
    });
    button.focus();
  }

  private add(): void {
    if (this.panel.querySelector('[data-new-variable]')) {
      return;
    }
    const name = h('input', {
      class: 'ft-input',
      placeholder: 'Name',
      'aria-label': 'Name of the new variable',
      maxlength: 255,
      autocomplete: 'off',
    });
    const cell = h('td', { class: 'ft-var-value', colspan: 3 });
    const row = h('tr', { 'data-new-variable': true }, h('td', { class: 'ft-var-name' }, name), cell);
    let body = this.panel.querySelector('.ft-vars-table tbody');
    if (!body) {
      body = h('tbody');
      this.panel
        .querySelector('.ft-empty')
        ?.replaceWith(h('table', { class: 'ft-table ft-vars-table' }, body as HTMLElement));
    }
    body.prepend(row);
    this.editing++;
    const close = (): void => {
      row.remove();
      this.editing--;
    };
    this.inlineEditor(cell, { name: '', text: '""', original: null, expected: null, close, naming: name });
  }

  private send(saved: Saved): Promise<Awaited<ReturnType<Panels['fetch']>>> {
    return postJson(`${this.panels.page}variables/`, { ...saved, scope: this.root.dataset.scope });
  }
}

/** An editor takes the place of the whole row but its name. */
function widen(cell: HTMLElement): void {
  cell.setAttribute('colspan', '3');
  cell.closest('tr')?.classList.add('is-editing');
}

function narrow(cell: HTMLElement): void {
  cell.removeAttribute('colspan');
  cell.closest('tr')?.classList.remove('is-editing');
}

function textOf(row: HTMLElement): string {
  return row.querySelector('template')?.content.textContent ?? '';
}
