/* Small verbs for building and finding elements. */

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

export function toast(
  text: string,
  kind: 'success' | 'error' | 'warning' | 'info' = 'success',
  ...links: { label: string; href: string }[]
): void {
  const icons = { success: 'check_circle', error: 'error', warning: 'warning', info: 'info' };
  const message = h('div', { class: `ft-toast ft-toast-${kind}` }, icon(icons[kind]), h('span', {}, text));
  message.append(...links.map(({ label, href }) => h('a', { href, class: 'ft-link' }, label)));
  need('#toasts').append(message);
  fadeLater(message);
}

const READING_MS = 6000;

export function fadeLater(message: HTMLElement): void {
  if (!message.classList.contains('ft-toast-error')) {
    setTimeout(() => message.remove(), READING_MS);
  }
  message.addEventListener('click', () => message.remove());
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
