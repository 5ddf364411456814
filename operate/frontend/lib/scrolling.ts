/* What scrolls by itself can be scrolled without a mouse, and what has only a picture has a name. */

const SCROLLS = '.ft-table-frame, .ft-panel-body, .ft-chart-frame';

export function mountScrolling(): void {
  const observer = new ResizeObserver((entries) => entries.forEach(({ target }) => reach(target as HTMLElement)));
  document.querySelectorAll<HTMLElement>(SCROLLS).forEach((each) => observer.observe(each));
  // Django's own forms: a sign with a text for who points at it, which no role lets others hear
  addEventListener('load', () =>
    document.querySelectorAll('.help-tooltip[aria-label]').forEach((each) => each.setAttribute('role', 'img')),
  );
}

/** Let the keyboard stop at what is larger than its frame; what fits is no stop on the way. */
function reach(frame: HTMLElement): void {
  if (frame.scrollWidth > frame.clientWidth || frame.scrollHeight > frame.clientHeight) {
    frame.tabIndex = 0;
  } else if (frame.getAttribute('tabindex') === '0') {
    frame.removeAttribute('tabindex');
  }
}
