/* Tabs: buttons with data-tab, bodies with data-panel. Without scripts all bodies stand one below the other. */

export interface Tabs {
  readonly chosen: string;
  choose(name: string): void;
}

export function mountTabs(root: HTMLElement, first: string, onChoose: (name: string) => void = () => {}): Tabs {
  const buttons = [...root.querySelectorAll<HTMLButtonElement>('[data-tab]')];
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
    onChoose(chosen);
  }

  for (const [position, button] of buttons.entries()) {
    button.addEventListener('click', () => choose(button.dataset.tab ?? ''));
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
