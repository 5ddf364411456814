/* The search in the sidebar: suggests while one types; Enter opens the chosen hit, or the only one there is. */

import { h, icon } from './dom';
import { getJson } from './http';
import { texts } from './texts';

const T = texts({ en: { page: 'Page' }, de: { page: 'Seite' } });

interface Hit {
  title: string;
  hint: string;
  icon: string;
  url: string;
}

const PAUSE_MS = 150;
const MAX_PAGES = 4;

export function mountFinder(form: HTMLFormElement): void {
  const field = form.querySelector<HTMLInputElement>('#find')!;
  const list = form.querySelector<HTMLElement>('#find-hits')!;
  let hits: Hit[] = [];
  let chosen = -1;
  let timer = 0;
  let asked: AbortController | null = null;

  /** Pages of the sidebar whose name has the text in it. */
  function pages(text: string): Hit[] {
    return [...document.querySelectorAll<HTMLAnchorElement>('#nav-sidebar a[href^="/"]')]
      .map((link) => ({ link, name: (link.lastElementChild ?? link).textContent?.trim() ?? '' }))
      .filter(({ name }) => name && name.toLowerCase().includes(text.toLowerCase()))
      .slice(0, MAX_PAGES)
      .map(({ link, name }) => ({ title: name, hint: T.page, icon: 'arrow_forward', url: link.pathname }));
  }

  function show(): void {
    list.hidden = hits.length === 0;
    field.setAttribute('aria-expanded', String(!list.hidden));
    list.replaceChildren(
      ...hits.map((hit, position) =>
        h(
          'a',
          {
            href: hit.url,
            tabindex: -1,
            role: 'option',
            id: `hit-${position}`,
            'aria-selected': String(position === chosen),
          },
          icon(hit.icon),
          h('span', {}, h('strong', {}, hit.title), h('small', {}, hit.hint)),
        ),
      ),
    );
    if (chosen >= 0) {
      field.setAttribute('aria-activedescendant', `hit-${chosen}`);
      list.children[chosen]?.scrollIntoView({ block: 'nearest' });
    } else {
      field.removeAttribute('aria-activedescendant');
    }
  }

  function close(): void {
    asked?.abort();
    clearTimeout(timer);
    [hits, chosen] = [[], -1];
    show();
  }

  async function ask(text: string): Promise<void> {
    asked?.abort();
    asked = new AbortController();
    const query = new URLSearchParams({ q: text });
    const found = await getJson<{ hits: Hit[] }>(`${form.dataset.suggest}?${query}`, asked.signal).catch(() => null);
    if (found && field.value.trim() === text) {
      [hits, chosen] = [[...found.hits, ...pages(text)], -1];
      show();
    }
  }

  field.addEventListener('input', () => {
    clearTimeout(timer);
    const text = field.value.trim();
    if (text) {
      timer = window.setTimeout(() => void ask(text), PAUSE_MS);
    } else {
      close();
    }
  });
  field.addEventListener('keydown', (event) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step && hits.length) {
      event.preventDefault();
      chosen = (chosen + step + hits.length + (chosen < 0 && step < 0 ? 1 : 0)) % hits.length;
      show();
    } else if (event.key === 'Escape') {
      close();
      field.blur();
    } else if (event.key === 'Enter' && chosen >= 0) {
      event.preventDefault();
      location.href = hits[chosen]?.url ?? location.href;
    }
  });
  document.addEventListener('click', (event) => {
    if (!form.contains(event.target as Node)) {
      close();
    }
  });
  document.addEventListener('keydown', (event) => {
    if (
      event.key.toLowerCase() === 'k' &&
      (event.ctrlKey || event.metaKey) &&
      !document.querySelector('dialog[open]')
    ) {
      event.preventDefault();
      field.focus();
      field.select();
    }
  });
}
