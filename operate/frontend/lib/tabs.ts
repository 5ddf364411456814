/* Tabs: buttons with data-tab, bodies with data-panel. Without scripts all bodies stand one below the other. */

import { h } from './dom';

export interface Tabs {
  readonly chosen: string;
  choose(name: string): void;
}

export function mountTabs(root: HTMLElement, first: string, onChoose: (name: string) => void = () => {}): Tabs {
  const buttons = [...root.querySelectorAll<HTMLElement>('[data-tab]')];
  const names = buttons.map((button) => button.dataset.tab ?? '');
  let chosen = '';

  function choose(name: string): void {
    chosen = names.includes(name) ? name : (names[0] ?? '');
    for (const button of buttons) {
      const is = button.dataset.tab === chosen;
      button.setAttribute('aria-selected', String(is));
      button.tabIndex = is ? 0 : -1;
    }
    for (const panel of root.querySelectorAll<HTMLElement>('[data-panel]')) {
      panel.hidden = panel.dataset.panel !== chosen;
    }
    fit();
    onChoose(chosen);
  }

  /** Tabs for which there is no room are in a menu at the end; the chosen one is always seen. */
  function fit(): void {
    const more = root.querySelector<HTMLDetailsElement>('[data-more-tabs]');
    const bar = more?.parentElement;
    if (!more || !bar) {
      return;
    }
    buttons.forEach((button) => (button.hidden = false));
    more.hidden = true;
    const hidden: HTMLElement[] = [];
    for (const button of [...buttons].reverse()) {
      if (bar.scrollWidth <= bar.clientWidth) {
        break;
      }
      if (button.dataset.tab !== chosen) {
        more.hidden = false;
        button.hidden = true;
        hidden.unshift(button);
      }
    }
    more
      .querySelector('.ft-menu-items')
      ?.replaceChildren(
        ...hidden.map((button) =>
          h('button', { type: 'button', class: 'ft-menu-item', 'data-more': button.dataset.tab ?? '' }, nameOf(button)),
        ),
      );
  }

  const menu = root.querySelector<HTMLDetailsElement>('[data-more-tabs]');
  menu?.addEventListener('click', (event) => {
    const name = (event.target as HTMLElement).closest<HTMLElement>('[data-more]')?.dataset.more;
    if (name) {
      menu.open = false;
      choose(name);
      buttons.find((button) => button.dataset.tab === name)?.focus();
    }
  });
  if (menu?.parentElement) {
    new ResizeObserver(fit).observe(menu.parentElement);
  }

  for (const button of buttons) {
    button.addEventListener('click', (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey) {
        event.preventDefault(); // of tabs that are links for those without scripts
        choose(button.dataset.tab ?? '');
      }
    });
    button.addEventListener('keydown', (event) => {
      const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
      const shown = buttons.filter((each) => !each.hidden);
      const next = shown[(shown.indexOf(button) + step + shown.length) % shown.length];
      if (step && next) {
        choose(next.dataset.tab ?? '');
        next.focus();
      }
    });
  }
  choose(first);
  return {
    get chosen() {
      return chosen;
    },
    choose,
  };
}

/** What stands on a tab, with its number. */
function nameOf(button: HTMLElement): string {
  const parts = [...button.childNodes].filter((part) => !(part instanceof HTMLElement && part.hidden));
  return parts.map((part) => part.textContent?.trim()).join(' ');
}
