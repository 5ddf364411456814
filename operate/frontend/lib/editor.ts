/* The JSON editor in a dialog: highlighting, errors at their line, and a comparison with what was there before. */

import { json, jsonParseLinter } from '@codemirror/lang-json';
import {
  bracketMatching,
  defaultHighlightStyle,
  foldGutter,
  HighlightStyle,
  indentUnit,
  syntaxHighlighting,
} from '@codemirror/language';
import { linter, lintGutter } from '@codemirror/lint';
import { MergeView } from '@codemirror/merge';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension } from '@codemirror/state';
import { EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';

import { h, need } from './dom';
import { Refused } from './http';
import { jsonError, told } from './json';

export interface EditorTask {
  title: string;
  hint: string;
  text: string;
  /** What stands there now, to compare with. */
  original: string;
  save(text: string, reason: string): Promise<void>;
}

const dark = HighlightStyle.define([
  { tag: tags.propertyName, color: '#7aa5f5' },
  { tag: tags.string, color: '#8fd3a8' },
  { tag: tags.number, color: '#e8b155' },
  { tag: [tags.bool, tags.null], color: '#d7a1f0' },
]);

function extensions(onSave: () => void): Extension[] {
  const isDark = document.documentElement.classList.contains('dark');
  return [
    lineNumbers(),
    foldGutter(),
    history(),
    bracketMatching(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    indentUnit.of('  '),
    json(),
    syntaxHighlighting(isDark ? dark : defaultHighlightStyle),
    EditorView.theme({}, { dark: isDark }),
    EditorView.lineWrapping,
    keymap.of([
      { key: 'Mod-Enter', run: () => (onSave(), true) },
      ...searchKeymap,
      ...historyKeymap,
      ...defaultKeymap,
      indentWithTab,
    ]),
  ];
}

/** Open the editor; resolves when it is closed, saved or not. */
export function openEditor(task: EditorTask): Promise<void> {
  const dialog = need<HTMLDialogElement>('#editor');
  const place = h('div', { class: 'ft-editor' });
  const problem = h('p', { class: 'ft-error', role: 'alert' });
  const reason = h('input', {
    class: 'ft-input',
    id: 'editor-reason',
    maxlength: 500,
    autocomplete: 'off',
    placeholder: 'Why? Goes into the audit log',
  });
  const saveButton = h(
    'button',
    { type: 'button', class: 'ft-button ft-button-primary', onclick: () => void save() },
    'Save',
  );
  const compare = h(
    'button',
    { type: 'button', class: 'ft-button', 'aria-pressed': 'false', onclick: () => show(!merge) },
    'Compare',
  );
  const format = h('button', { type: 'button', class: 'ft-button', onclick: () => reformat() }, 'Format');
  let merge: MergeView | null = null;
  let view: EditorView | null = null;

  const watch = EditorView.updateListener.of((update) => update.docChanged && check());
  const editable = (): Extension[] => [
    ...extensions(() => void save()),
    watch,
    linter(jsonParseLinter()),
    lintGutter(),
  ];

  function text(): string {
    return (merge ? merge.b : view)?.state.doc.toString() ?? task.text;
  }

  function show(comparing: boolean): void {
    const now = text();
    merge?.destroy();
    view?.destroy();
    [merge, view] = [null, null];
    place.replaceChildren();
    if (comparing) {
      const a = { doc: task.original, extensions: [...extensions(() => {}), EditorState.readOnly.of(true)] };
      merge = new MergeView({
        a,
        b: { doc: now, extensions: editable() },
        parent: place,
        collapseUnchanged: { margin: 3, minSize: 6 },
      });
    } else {
      view = new EditorView({ doc: now, extensions: editable(), parent: place });
    }
    compare.textContent = comparing ? 'Edit' : 'Compare';
    compare.setAttribute('aria-pressed', String(comparing));
    (merge ? merge.b : view)?.focus();
    check();
  }

  function check(): boolean {
    const error = jsonError(text());
    problem.textContent = error ? told(error) : '';
    saveButton.disabled = error !== null || text() === task.original;
    format.disabled = error !== null;
    return error === null;
  }

  function reformat(): void {
    const target = merge ? merge.b : view;
    const doc = text();
    if (target && !/\d{16,}/.test(doc)) {
      target.dispatch({ changes: { from: 0, to: doc.length, insert: JSON.stringify(JSON.parse(doc), null, 2) } });
    }
  }

  async function save(): Promise<void> {
    if (!check() || saveButton.disabled) {
      return;
    }
    saveButton.disabled = true;
    try {
      await task.save(text(), reason.value);
      dialog.close();
    } catch (error) {
      problem.textContent = error instanceof Refused ? error.message : String(error);
      saveButton.disabled = false;
    }
  }

  dialog.replaceChildren(
    h(
      'header',
      { class: 'ft-dialog-header' },
      h('h2', { id: 'editor-title' }, task.title),
      h('p', { class: 'ft-subtle' }, task.hint),
    ),
    h(
      'div',
      { class: 'ft-dialog-body' },
      h('div', { class: 'ft-editor-bar' }, compare, format),
      place,
      problem,
      h('label', { class: 'ft-label', for: 'editor-reason' }, 'Reason'),
      reason,
    ),
    h(
      'footer',
      { class: 'ft-dialog-footer' },
      h('span', { class: 'ft-subtle ft-grow' }, 'Ctrl+Enter saves, Esc closes'),
      h('button', { type: 'button', class: 'ft-button ft-button-plain', onclick: () => dialog.close() }, 'Cancel'),
      saveButton,
    ),
  );
  dialog.showModal();
  show(false);
  return new Promise((resolve) => {
    dialog.addEventListener(
      'close',
      () => {
        merge?.destroy();
        view?.destroy();
        resolve();
      },
      { once: true },
    );
  });
}
