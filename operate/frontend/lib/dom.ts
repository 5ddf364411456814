/* Small verbs for building and finding elements. */

import { texts } from './texts';

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | ((event: Event) => void) | null | undefined>;

/** Make an element; attributes that are functions become listeners, `false` and `null` are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      element.addEventListener(name.slice(2), value);
    } else if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, String(value));
    }
  }
  element.append(...children.filter((child): child is Node | string => Boolean(child) || child === ''));
  return element;
}

export function icon(name: string): HTMLElement {
  return h('span', { class: 'material-symbols-outlined', 'aria-hidden': 'true' }, name);
}

/** The element that has to be on the page. */
export function need<T extends HTMLElement = HTMLElement>(selector: string, root: ParentNode = document): T {
  const found = root.querySelector<T>(selector);
  if (!found) {
    throw new Error(`Expected '${selector}' on this page.`);
  }
  return found;
}

export function jsonOf<T>(id: string): T {
  return JSON.parse(need(`#${id}`).textContent ?? 'null') as T;
}

const T = texts({ en: { dismiss: 'Dismiss' }, de: { dismiss: 'Schließen' } });
const ICONS = { success: 'check_circle', error: 'error', warning: 'warning', info: 'info' };
const READING_MS = 6000;
const FOLLOWING_MS = 12_000;

/** Say shortly what has happened, with where to go from there. What went wrong stays until it is dismissed. */
export function toast(
  text: string,
  kind: keyof typeof ICONS = 'success',
  ...links: { label: string; href: string }[]
): void {
  const message = h(
    'div',
    { class: `ft-toast ft-toast-${kind}`, role: kind === 'error' ? 'alert' : 'status' },
    icon(ICONS[kind]),
    h('span', { class: 'ft-grow' }, text),
    ...links.map(({ label, href }) => h('a', { href, class: 'ft-link' }, label)),
  );
  need('#toasts').append(message);
  mountToast(message);
}

/** Let it be dismissed, and go by itself once it can have been read; not while somebody is at it. */
export function mountToast(message: HTMLElement): void {
  message.append(
    h(
      'button',
      { type: 'button', class: 'ft-toast-dismiss', 'aria-label': T.dismiss, onclick: () => message.remove() },
      icon('close'),
    ),
  );
  if (message.classList.contains('ft-toast-error')) {
    return;
  }
  const patience = message.querySelector('a') ? FOLLOWING_MS : READING_MS;
  let timer = 0;
  const wait = (): void => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => message.remove(), patience);
  };
  const stay = (): void => window.clearTimeout(timer);
  for (const [begins, ends] of [
    ['pointerenter', 'pointerleave'],
    ['focusin', 'focusout'],
  ] as const) {
    message.addEventListener(begins, stay);
    message.addEventListener(ends, wait);
  }
  wait();
}

/** Whether keys typed now belong to a field. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.closest('input:not([type="checkbox"], [type="radio"]), textarea, select, [contenteditable="true"]') !==
      null ||
      target.isContentEditable)
  );
}
