/* What scrolls by itself can be scrolled without a mouse, and what has only a picture has a name. */

const SCROLLS = '.ft-table-frame, .ft-panel-body, .ft-chart-frame';

export function mountScrolling(): void {
  const observer = new ResizeObserver((entries) => entries.forEach(({ target }) => reach(target as HTMLElement)));
  document.querySelectorAll<HTMLElement>(SCROLLS).forEach((each) => observer.observe(each));
  document.addEventListener(
    'toggle',
    ({ target }) => {
      if (target instanceof HTMLDetailsElement && target.open && target.matches('.ft-table-frame details.ft-menu')) {
        layOver(target);
      }
    },
    true,
  );
  // Django's own forms: a sign with a text for who points at it, which no role lets others hear
  addEventListener('load', () =>
    document.querySelectorAll('.help-tooltip[aria-label]').forEach((each) => each.setAttribute('role', 'img')),
  );
}

/** A menu in a table that scrolls is laid over it: inside, it would be cut off. */
function layOver(menu: HTMLDetailsElement): void {
  const items = menu.querySelector<HTMLElement>('.ft-menu-items');
  const frame = menu.closest<HTMLElement>('.ft-table-frame');
  const { top, bottom, right } = menu.getBoundingClientRect();
  if (!items || !frame) {
    return;
  }
  items.style.position = 'fixed';
  const below = bottom + 4 + items.offsetHeight < innerHeight;
  items.style.top = `${below ? bottom + 4 : Math.max(4, top - 4 - items.offsetHeight)}px`;
  items.style.right = `${document.documentElement.clientWidth - right}px`;
  addEventListener('scroll', () => (menu.open = false), { once: true, capture: true });
}

/** Let the keyboard stop at what is larger than its frame; what fits is no stop on the way. */
function reach(frame: HTMLElement): void {
  if (frame.scrollWidth > frame.clientWidth || frame.scrollHeight > frame.clientHeight) {
    frame.tabIndex = 0;
  } else if (frame.getAttribute('tabindex') === '0') {
    frame.removeAttribute('tabindex');
  }
}
