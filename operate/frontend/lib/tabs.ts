/* Tabs: buttons with data-tab, bodies with data-panel. Without scripts all bodies stand one below the other. */

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
      if (is && button.parentElement) {
        bringIntoSight(button, button.parentElement);
      }
    }
    for (const panel of root.querySelectorAll<HTMLElement>('[data-panel]')) {
      panel.hidden = panel.dataset.panel !== chosen;
    }
    onChoose(chosen);
  }

  for (const [position, button] of buttons.entries()) {
    button.addEventListener('click', (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey) {
        event.preventDefault(); // of tabs that are links for those without scripts
        choose(button.dataset.tab ?? '');
      }
    });
    button.addEventListener('keydown', (event) => {
      const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
      const next = buttons[(position + step + buttons.length) % buttons.length];
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

/** Where there are more tabs than fit the bar scrolls. */
function bringIntoSight(button: HTMLElement, bar: HTMLElement): void {
  if (button.offsetLeft < bar.scrollLeft) {
    bar.scrollLeft = button.offsetLeft;
  } else if (button.offsetLeft + button.offsetWidth > bar.scrollLeft + bar.clientWidth) {
    bar.scrollLeft = button.offsetLeft + button.offsetWidth - bar.clientWidth;
  }
}
