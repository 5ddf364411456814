/*
 * The variables panel in modification mode: what is typed joins the plan when its field is left, and nothing is saved before
 * the plan is applied. A scope that runs shows all its variables; one that the plan brings those it will be given.
 */

import { h, icon } from './dom';
import { faultIn, pretty } from './json';
import type { Place, Plan } from './plan';
import { texts } from './texts';
import { read } from './variables/api';

const T = texts({
  en: {
    add: 'Add variable',
    of: (scope: string) => `Variables of ${scope}`,
    name: 'Name of the new variable',
    newValue: 'Value of the new variable (JSON)',
    value: (name: string) => `Value of ${name} (JSON)`,
    larger: (name: string) => `Edit ${name} in the JSON editor`,
    remove: (name: string) => `Take ${name} out of the plan`,
    drop: 'Delete variable',
    added: 'added',
    edited: 'edited',
    none: 'No variables yet.',
    nameless: 'Name has to be filled.',
    invalid: 'Name is invalid: no spaces, no quotes.',
    taken: 'Name should be unique.',
    valueless: 'Value has to be filled.',
    first: 'Complete the new variable first.',
    title: (name: string) => `Edit variable ‘${name}’`,
    newTitle: 'Edit the new variable',
    cancel: 'Cancel',
    apply: 'Apply',
  },
  de: {
    add: 'Variable hinzufügen',
    of: (scope) => `Variablen von ${scope}`,
    name: 'Name der neuen Variable',
    newValue: 'Wert der neuen Variable (JSON)',
    value: (name) => `Wert von ${name} (JSON)`,
    larger: (name) => `${name} im JSON-Editor bearbeiten`,
    remove: (name) => `${name} aus dem Plan nehmen`,
    drop: 'Variable löschen',
    added: 'neu',
    edited: 'geändert',
    none: 'Noch keine Variablen.',
    nameless: 'Ein Name muss angegeben werden.',
    invalid: 'Der Name ist ungültig: keine Leerzeichen, keine Anführungszeichen.',
    taken: 'Der Name muss eindeutig sein.',
    valueless: 'Ein Wert muss angegeben werden.',
    first: 'Erst die neue Variable fertig angeben.',
    title: (name) => `Variable ‚${name}‘ bearbeiten`,
    newTitle: 'Die neue Variable bearbeiten',
    cancel: 'Abbrechen',
    apply: 'Übernehmen',
  },
});

/** What the panel is about, and why nothing of it can be changed if so. */
export interface Subject {
  place: Place;
  label: string;
  why: string;
}

interface Row {
  html: HTMLElement;
  field: HTMLTextAreaElement;
  fault: HTMLElement;
  mark: HTMLElement;
  out: HTMLElement;
  /** What was written into the field; if it says something else, somebody is typing. */
  shown: string;
}

const LINES = 6;

export class PlannedVariables {
  private subject: Subject | null = null;
  private known = new Map<string, string>();
  private rows = new Map<string, Row>();
  private draft: Draft | null = null;
  /** The names of those that are asked for next. */
  private later: string[] = [];
  private turn = 0;
  private readonly title = h('h3', { class: 'ft-grow' });
  private readonly note = h('p', { class: 'ft-vars-why', hidden: true });
  private readonly empty = h('p', { class: 'ft-subtle ft-padded' }, T.none);
  private readonly list = h('div', { class: 'ft-planned-rows' });
  private readonly button = h(
    'button',
    { type: 'button', class: 'ft-button', 'data-plan-variable': true, onclick: () => this.begin('') },
    icon('add'),
    T.add,
  );

  constructor(
    private readonly host: HTMLElement,
    private readonly page: string,
    private readonly plan: () => Plan,
  ) {
    host.replaceChildren(
      h('div', { class: 'ft-planned-tools' }, this.title, this.button),
      this.note,
      this.list,
      this.empty,
    );
  }

  /** Show another scope, with what it has now. */
  async show(subject: Subject): Promise<void> {
    const isOther = JSON.stringify(subject.place) !== JSON.stringify(this.subject?.place);
    this.subject = subject;
    if (isOther) {
      this.forget();
    }
    this.draw();
    const turn = ++this.turn;
    if (subject.place.key) {
      const found = await read(this.page, subject.place.key);
      if (turn !== this.turn) {
        return;
      }
      this.known = new Map(found.map((each) => [each.name, each.text]));
      this.draw();
    }
  }

  private forget(): void {
    this.known = new Map();
    this.rows.clear();
    this.draft = null;
    this.list.replaceChildren();
  }

  /** The plan is another one than before. */
  draw(): void {
    const { subject } = this;
    this.host.hidden = !subject;
    if (!subject) {
      return;
    }
    this.title.textContent = T.of(subject.label);
    this.note.hidden = !subject.why;
    this.note.replaceChildren(icon('lock'), h('span', {}, subject.why));
    const planned = this.plan().variablesOf(subject.place);
    const added = planned.filter((row) => !this.known.has(row.name)).map((row) => row.name);
    const names = [...added.reverse(), ...this.known.keys()];
    for (const [name, row] of this.rows) {
      if (!names.includes(name)) {
        row.html.remove();
        this.rows.delete(name);
      }
    }
    names.forEach((name, position) => this.drawRow(name, position));
    this.empty.hidden = names.length > 0 || this.draft !== null;
    const why = subject.why || (this.draft ? T.first : '');
    why ? this.button.setAttribute('aria-disabled', 'true') : this.button.removeAttribute('aria-disabled');
    this.button.dataset.why = why;
    this.button.title = why;
  }

  private drawRow(name: string, position: number): void {
    const { subject } = this;
    const row = this.rows.get(name) ?? this.made(name);
    const after = this.list.children[position + (this.draft ? 1 : 0)];
    if (after !== row.html) {
      this.list.insertBefore(row.html, after ?? null);
    }
    const planned = subject ? this.plan().variable(subject.place, name) : undefined;
    const before = this.known.get(name);
    const text = planned?.value ?? before ?? '';
    const isTyped = row.field.value !== row.shown; // and not yet in the plan
    const isOther = text !== row.shown && row.field !== document.activeElement;
    if (!isTyped || isOther || row.field.value === text) {
      if (row.field.value !== text) {
        row.field.value = text;
        row.fault.textContent = '';
      }
      row.shown = text;
      row.field.rows = Math.min(LINES, text.split('\n').length);
    }
    row.field.readOnly = Boolean(subject?.why);
    row.mark.textContent = planned ? (before === undefined ? T.added : T.edited) : '';
    row.html.classList.toggle('is-planned', Boolean(planned));
    row.out.hidden = !planned;
  }

  private made(name: string): Row {
    const field = h('textarea', {
      class: 'ft-input ft-mono',
      rows: 1,
      spellcheck: 'false',
      'aria-label': T.value(name),
    });
    const fault = h('p', { class: 'ft-error', role: 'alert' });
    const mark = h('span', { class: 'ft-badge' });
    const out = h(
      'button',
      { type: 'button', class: 'ft-icon-button', 'aria-label': T.remove(name), onclick: () => this.takeOut(name) },
      icon('undo'),
    );
    field.addEventListener('change', () => this.changed(name));
    const html = h(
      'div',
      { class: 'ft-planned-row', 'data-planned': name },
      h('span', { class: 'ft-mono ft-planned-name', title: name }, name),
      field,
      h(
        'span',
        { class: 'ft-planned-tail' },
        mark,
        larger(T.larger(name), () => void this.edit(name)),
        out,
      ),
      fault,
    );
    const row = { html, field, fault, mark, out, shown: '' };
    this.rows.set(name, row);
    return row;
  }

  private changed(name: string): void {
    const row = this.rows.get(name);
    if (row && this.subject && !this.subject.why) {
      if (faultOf(row.field.value)) {
        afterClick(() => (row.fault.textContent = faultOf(row.field.value)));
      } else {
        row.fault.textContent = '';
        this.set(name, row.field.value.trim());
      }
    }
  }

  private set(name: string, value: string): void {
    if (this.subject) {
      this.plan().set(this.subject.place, name, value, this.known.get(name) ?? null);
    }
  }

  private takeOut(name: string): void {
    const planned = this.subject && this.plan().variable(this.subject.place, name);
    if (planned) {
      this.plan().remove(planned.id);
    }
    (this.rows.get(name)?.field ?? this.button).focus();
  }

  private async edit(name: string): Promise<void> {
    const row = this.rows.get(name);
    const text = row && (await askForJson(T.title(name), row.field.value, this.known.get(name) ?? ''));
    if (row && text !== null && text !== undefined) {
      row.field.value = text;
      this.changed(name);
    }
    row?.field.focus();
  }

  // -- a new one

  /** A new variable; several that are missing come one after the other. */
  begin(...names: string[]): void {
    const [name, ...more] = names;
    if (name === undefined || this.draft || this.subject?.why !== '') {
      return;
    }
    this.later = more;
    this.draft = new Draft(
      (wanted) => this.known.has(wanted) || this.rows.has(wanted),
      (done) => this.end(done),
    );
    this.list.prepend(this.draft.html);
    this.draw();
    this.draft.focus(name);
  }

  private end(done: { name: string; value: string } | null): void {
    const hadFocus = this.draft?.html.contains(document.activeElement);
    this.draft?.html.remove();
    this.draft = null;
    if (done) {
      this.set(done.name, done.value);
    }
    this.draw();
    if (done && this.later.length) {
      this.begin(...this.later);
    } else if (hadFocus) {
      this.button.focus();
    }
  }
}

/** A name and a value that are not valid together yet. */
class Draft {
  private readonly name = h('input', { class: 'ft-input ft-mono', 'aria-label': T.name, autocomplete: 'off' });
  private readonly value = h('textarea', {
    class: 'ft-input ft-mono',
    rows: 1,
    spellcheck: 'false',
    'aria-label': T.newValue,
  });
  private readonly fault = h('p', { class: 'ft-error', role: 'alert' });
  private isOver = false;
  readonly html = h(
    'div',
    { class: 'ft-planned-row is-planned', 'data-planned-new': true },
    this.name,
    this.value,
    h(
      'span',
      { class: 'ft-planned-tail' },
      larger(T.newTitle, () => void this.edit()),
      h(
        'button',
        { type: 'button', class: 'ft-icon-button', 'aria-label': T.drop, onclick: () => this.over(null) },
        icon('delete'),
      ),
    ),
    this.fault,
  );

  constructor(
    private readonly isTaken: (name: string) => boolean,
    private readonly done: (variable: { name: string; value: string } | null) => void,
  ) {
    this.name.addEventListener('focusout', () => this.left(false));
    this.value.addEventListener('focusout', () => this.left(true));
    this.html.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        event.stopPropagation();
        this.over(null);
      }
    });
  }

  focus(name: string): void {
    this.name.value = name;
    (name ? this.value : this.name).focus();
  }

  /** A field was left: the first thing that is wrong is told, and if nothing is, the variable joins the plan. */
  private left(isValue: boolean): void {
    const name = this.name.value.trim();
    const ofName = !name ? T.nameless : /[\s"']/.test(name) ? T.invalid : this.isTaken(name) ? T.taken : '';
    const ofValue = faultOf(this.value.value);
    if (!ofName && !ofValue) {
      this.over({ name, value: this.value.value.trim() });
    } else {
      afterClick(() => (this.fault.textContent = ofName || (isValue || this.value.value.trim() ? ofValue : '')));
    }
  }

  private over(variable: { name: string; value: string } | null): void {
    if (!this.isOver) {
      this.isOver = true;
      this.done(variable);
    }
  }

  private async edit(): Promise<void> {
    const text = await askForJson(T.newTitle, this.value.value, '');
    if (text !== null) {
      this.value.value = text;
      this.left(true);
    }
  }
}

let isPressed = false;
for (const [kind, isDown] of [
  ['pointerdown', true],
  ['pointerup', false],
  ['pointercancel', false],
] as const) {
  document.addEventListener(kind, () => (isPressed = isDown), { capture: true });
}

/** Tell what is wrong once the click is done that has left the field: what it goes to would move away below it. */
function afterClick(tell: () => void): void {
  if (isPressed) {
    document.addEventListener('pointerup', () => setTimeout(tell), { once: true });
  } else {
    tell();
  }
}

function faultOf(text: string): string {
  return text.trim() ? (faultIn(text) ?? '') : T.valueless;
}

function larger(label: string, act: () => void): HTMLElement {
  return h(
    'button',
    { type: 'button', class: 'ft-icon-button', 'aria-label': label, title: label, onclick: act },
    icon('open_in_new'),
  );
}

/** The large editor in a dialog; null if it was closed without a new text. */
async function askForJson(title: string, text: string, original: string): Promise<string | null> {
  const { JsonEditor } = await import('./editor');
  const place = h('div', { class: 'ft-editor' });
  const apply = h('button', { type: 'button', class: 'ft-button ft-button-primary' }, T.apply);
  const cancel = h('button', { type: 'button', class: 'ft-button ft-button-plain' }, T.cancel);
  const dialog = h(
    'dialog',
    { class: 'ft-dialog ft-dialog-editor', 'aria-label': title },
    h('header', { class: 'ft-dialog-header' }, h('h2', {}, title)),
    h('div', { class: 'ft-dialog-body' }, place),
    h('footer', { class: 'ft-dialog-footer' }, cancel, apply),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    const submit = (): void => (apply.disabled ? undefined : dialog.close('apply'));
    const check = (): boolean => (apply.disabled = editor.faults.length > 0);
    let isMade = false; // it tells of its first text while it is being made
    const editor = new JsonEditor(
      place,
      {
        text: faultIn(text) ? text : pretty(text),
        original,
        label: title,
        onSave: submit,
        onChange: () => isMade && check(),
      },
      'edit',
    );
    isMade = true;
    check();
    apply.addEventListener('click', submit);
    cancel.addEventListener('click', () => dialog.close());
    dialog.addEventListener('close', () => {
      const typed = editor.text;
      editor.destroy();
      dialog.remove();
      resolve(dialog.returnValue === 'apply' ? typed : null);
    });
    editor.focus();
  });
}
