/* Which keys do what: told to one registry, which obeys them and writes the help from what it knows.
 *
 * What has the focus may have keys of its own, such as the tree and the diagram: who listens to them tells them here, too.
 */

import { h, icon, isTyping } from './dom';
import { texts } from './texts';

const T = texts({
  en: {
    title: 'Keyboard shortcuts',
    close: 'Close',
    then: 'then',
    groups: {
      everywhere: 'Everywhere',
      go: 'Go to',
      page: 'On this page',
      list: 'In the list',
      modification: 'Planning a modification',
      diagram: 'In the diagram',
      tree: 'In the history',
      variables: 'In the variables',
      forms: 'In forms',
    },
    keys: { Ctrl: 'Ctrl', Enter: 'Enter', Escape: 'Esc', Shift: 'Shift', Space: 'Space', Tab: 'Tab' },
  },
  de: {
    title: 'Tastenkürzel',
    close: 'Schließen',
    then: 'dann',
    groups: {
      everywhere: 'Überall',
      go: 'Gehe zu',
      page: 'Auf dieser Seite',
      list: 'In der Liste',
      modification: 'Beim Planen einer Änderung',
      diagram: 'Im Diagramm',
      tree: 'Im Verlauf',
      variables: 'In den Variablen',
      forms: 'In Formularen',
    },
    keys: { Ctrl: 'Strg', Enter: 'Eingabe', Escape: 'Esc', Shift: 'Umschalt', Space: 'Leertaste', Tab: 'Tab' },
  },
});
const ARROWS: Record<string, string> = { ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→' };

export type Group = keyof typeof T.groups;

export interface Shortcut {
  /** `j`, `Ctrl+k`, or two one after the other: `g i`; several ways are separated by `|`. */
  keys: string;
  label: string;
  /** Without it somebody else listens, and this only tells of it. */
  act?: () => void;
  /** Whether it does anything now. */
  when?: () => boolean;
}

const known = new Map<Group, Shortcut[]>();
const SEQUENCE_MS = 1500;
let first = '';
let firstAt = 0;

/** Tell of keys, and have those obeyed that say what they do. */
export function shortcuts(group: Group, ...told: Shortcut[]): void {
  known.set(group, [...(known.get(group) ?? []), ...told]);
}

/** Obey the keys; what is typed belongs to fields and dialogs. */
export function listen(): void {
  document.addEventListener('keydown', press);
}

function press(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
    return;
  }
  if (document.querySelector('dialog[open]')) {
    return;
  }
  const sequence = first && event.timeStamp - firstAt < SEQUENCE_MS ? `${first} ${event.key}` : '';
  const act = (sequence && actOf(sequence)) || actOf(event.key);
  first = sequence ? '' : event.key;
  firstAt = event.timeStamp;
  if (act) {
    event.preventDefault();
    if (sequence) {
      event.stopImmediatePropagation();
    }
    act();
  }
}

function actOf(keys: string): (() => void) | undefined {
  const button = hotkeys().find((each) => each.dataset.hotkey === keys);
  if (button) {
    return () => (button instanceof HTMLInputElement ? (button.focus(), button.select()) : button.click());
  }
  return [...known.values()]
    .flat()
    .find((each) => each.act && each.keys.split('|').includes(keys) && (each.when?.() ?? true))?.act;
}

/** Controls with a key of their own, as far as they can be seen. */
function hotkeys(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('[data-hotkey]')].filter((each) => each.checkVisibility());
}

/** What a control is called that has a key. */
function nameOf(control: HTMLElement): string {
  const text = [...control.childNodes]
    .filter((node) => !(node instanceof HTMLElement && node.getAttribute('aria-hidden') === 'true'))
    .map((node) => node.textContent ?? '')
    .join('');
  return (control.getAttribute('aria-label') ?? text).replace(/\s+/g, ' ').trim();
}

// -- the help

export function mountHelp(button: HTMLElement): void {
  button.addEventListener('click', showHelp);
}

function showHelp(): void {
  const dialog = h(
    'dialog',
    { class: 'ft-dialog ft-shortcuts', 'aria-labelledby': 'shortcuts-title' },
    h(
      'header',
      { class: 'ft-dialog-header' },
      h('h2', { id: 'shortcuts-title' }, T.title),
      h(
        'button',
        { type: 'button', class: 'ft-icon-button', 'aria-label': T.close, onclick: () => dialog.close() },
        icon('close'),
      ),
    ),
    h(
      'div',
      { class: 'ft-dialog-body ft-shortcuts-groups', tabindex: 0 },
      ...toldNow().map(([group, told]) => section(group, told)),
    ),
  );
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
  dialog.addEventListener('keydown', (event) => {
    if (event.key === '?') {
      event.preventDefault(); // or the same key would open it again
      dialog.close();
    }
  });
  document.body.append(dialog);
  dialog.showModal();
}

/** The groups that have something to tell on this page. */
function toldNow(): [Group, Shortcut[]][] {
  const controls = hotkeys().map((each) => ({ keys: each.dataset.hotkey ?? '', label: nameOf(each), control: each }));
  const isFrame = (control: HTMLElement): boolean =>
    control.closest('#nav-sidebar, .ft-header-tools > [data-global]') !== null;
  const told = new Map<Group, Shortcut[]>();
  for (const group of Object.keys(T.groups) as Group[]) {
    const own = (known.get(group) ?? []).filter((each) => each.when?.() ?? true);
    const buttons = controls.filter(({ control }) =>
      group === 'everywhere' ? isFrame(control) : group === 'page' && !isFrame(control),
    );
    if (own.length + buttons.length) {
      told.set(group, [...buttons, ...own]);
    }
  }
  return [...told];
}

function section(group: Group, told: Shortcut[]): HTMLElement {
  return h(
    'section',
    { 'data-group': group },
    h('h3', {}, T.groups[group]),
    h('dl', {}, ...told.map((each) => h('div', {}, h('dt', {}, ...shown(each.keys)), h('dd', {}, each.label)))),
  );
}

/** Keys as they are written on the keyboard. */
function shown(keys: string): (Node | string)[] {
  const way = (text: string): (Node | string)[] =>
    text
      .split(' ')
      .flatMap((step, position) => [
        ...(position ? [` ${T.then} `] : []),
        ...(step === '+' ? [step] : step.split('+')).map(kbd),
      ]);
  return keys.split('|').flatMap((text, position) => [...(position ? [' '] : []), ...way(text)]);
}

function kbd(key: string): HTMLElement {
  const names: Record<string, string> = T.keys;
  return h(
    'kbd',
    {},
    names[key] ?? ARROWS[key] ?? (key.length === 1 && key !== key.toLowerCase() ? `${T.keys.Shift} ${key}` : key),
  );
}
