/*
 * The JSON editor: highlighting, every fault at its line, formatting that leaves numbers as they were typed, and a
 * comparison with what was there before. It is heavy, so pages load it when it is first needed.
 */

import { defaultKeymap, history, historyField, historyKeymap, indentWithTab } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { bracketMatching, foldGutter, HighlightStyle, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { MergeView } from '@codemirror/merge';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension } from '@codemirror/state';
import { EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';

import { type JsonFault, parseJson, type ParsedJson, pretty } from './json';

export type Mode = 'read' | 'edit' | 'compare';

export interface EditorOptions {
  text: string;
  /** What to compare with. */
  original: string;
  label: string;
  /** For a comparison that is only looked at. */
  isReadOnly?: boolean;
  onChange?: () => void;
  onSave?: () => void;
}

const LARGE = 200_000;
const LARGE_PAUSE_MS = 350;
/** Lines that are longer are not wrapped into view one by one: that would take seconds. */
const COMPARED_WORDWISE = 400_000;

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--ft-json-name)' },
  { tag: tags.string, color: 'var(--ft-json-string)' },
  { tag: tags.number, color: 'var(--ft-json-number)' },
  { tag: [tags.bool, tags.null], color: 'var(--ft-json-word)' },
]);

export class JsonEditor {
  private mode: Mode = 'read';
  private view: EditorView | null = null;
  private merge: MergeView | null = null;
  private parsed: ParsedJson;
  private parsedText: string;
  private timer = 0;

  constructor(
    private readonly place: HTMLElement,
    private readonly options: EditorOptions,
    mode: Mode,
  ) {
    this.parsedText = options.text;
    this.parsed = parseJson(options.text);
    this.show(mode, options.text);
  }

  get text(): string {
    return this.present?.state.doc.toString() ?? this.parsedText;
  }

  /** What is wrong with the text as it is now. */
  get faults(): readonly JsonFault[] {
    return this.upToDate.faults;
  }

  /** The text as it was read; only where it has no faults everything is in it. */
  get upToDate(): ParsedJson {
    const text = this.text;
    if (text !== this.parsedText) {
      this.parsed = parseJson(text);
      this.parsedText = text;
    }
    return this.parsed;
  }

  setMode(mode: Mode): void {
    if (mode !== this.mode) {
      this.show(mode, this.text);
    }
  }

  setText(text: string): void {
    const target = this.present;
    target?.dispatch({ changes: { from: 0, to: target.state.doc.length, insert: text } });
  }

  format(): void {
    if (!this.faults.length) {
      this.setText(pretty(this.text));
    }
  }

  goTo(fault: JsonFault): void {
    const target = this.present;
    if (target) {
      const at = Math.min(fault.from, target.state.doc.length);
      target.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
      target.focus();
    }
  }

  focus(): void {
    this.present?.focus();
  }

  destroy(): void {
    clearTimeout(this.timer);
    this.merge?.destroy();
    this.view?.destroy();
    [this.merge, this.view] = [null, null];
    this.place.replaceChildren();
  }

  private get present(): EditorView | null {
    return this.merge ? this.merge.b : this.view;
  }

  private show(mode: Mode, text: string): void {
    const former = this.present?.state;
    this.destroy();
    this.mode = mode;
    this.place.dataset.mode = mode;
    const doc = text;
    const kept = former && mode !== 'read' ? former.field(historyField, false) : undefined;
    const extensions = [...this.common(), ...this.writing(mode), ...(kept ? [historyField.init(() => kept)] : [])];
    const selection = former && former.doc.length === doc.length ? former.selection : undefined;
    const isLarge = text.length + this.options.original.length > COMPARED_WORDWISE;
    if (mode === 'compare') {
      this.merge = new MergeView({
        a: {
          doc: this.options.original,
          extensions: [...this.common('before'), EditorState.readOnly.of(true)],
        },
        b: selection ? { doc, selection, extensions } : { doc, extensions },
        parent: this.place,
        collapseUnchanged: { margin: 3, minSize: 6 },
        highlightChanges: !isLarge,
        diffConfig: isLarge ? { scanLimit: 200, timeout: 400 } : { scanLimit: 2000, timeout: 1000 },
      });
    } else {
      const state = EditorState.create(selection ? { doc, selection, extensions } : { doc, extensions });
      this.view = new EditorView({ state, parent: this.place });
    }
    this.mark();
  }

  private common(which = ''): Extension[] {
    const label = which ? `${this.options.label}, ${which}` : this.options.label;
    return [
      lineNumbers(),
      foldGutter(),
      bracketMatching(),
      highlightSelectionMatches(),
      indentUnit.of('  '),
      json(),
      syntaxHighlighting(colours),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ 'aria-label': label }),
      search({ top: true }),
      keymap.of(searchKeymap),
    ];
  }

  private writing(mode: Mode): Extension[] {
    if (mode === 'read' || this.options.isReadOnly) {
      return [EditorState.readOnly.of(true), EditorView.contentAttributes.of({ 'aria-readonly': 'true' })];
    }
    return [
      history(),
      highlightActiveLine(),
      lintGutter(),
      EditorView.updateListener.of((update) => update.docChanged && this.changed()),
      keymap.of([
        { key: 'Mod-Enter', run: () => (this.options.onSave?.(), true) },
        ...historyKeymap,
        ...defaultKeymap,
        indentWithTab,
      ]),
    ];
  }

  private changed(): void {
    clearTimeout(this.timer);
    const length = this.present?.state.doc.length ?? 0;
    this.timer = window.setTimeout(() => this.mark(), length > LARGE ? LARGE_PAUSE_MS : 0);
  }

  /** Put a mark at each fault and tell that the text has changed. */
  private mark(): void {
    const target = this.present;
    if (target && this.mode !== 'read') {
      const diagnostics = this.faults.map((fault): Diagnostic => ({
        from: Math.min(fault.from, target.state.doc.length),
        to: Math.min(Math.max(fault.to, fault.from + 1), target.state.doc.length),
        severity: 'error',
        message: `Line ${fault.line}: ${fault.message}`,
      }));
      target.dispatch(setDiagnostics(target.state, diagnostics));
    }
    this.options.onChange?.();
  }
}
