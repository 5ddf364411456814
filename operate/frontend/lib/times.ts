/* Times in the zone of whoever looks: the server writes them in its own, with the exact moment in the attribute. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (number: number): string => String(number).padStart(2, '0');
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Days from one day to another in the viewer's zone. */
function daysBetween(one: Date, other: Date): number {
  const midnight = (date: Date): number => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight(other) - midnight(one)) / 86_400_000);
}

/** As the server says it, but for the zone. */
export function told(moment: Date, now = new Date()): string {
  const time = `${two(moment.getHours())}:${two(moment.getMinutes())}`;
  const days = daysBetween(moment, now);
  if (days === 0) {
    return `${time}:${two(moment.getSeconds())}`;
  }
  if (days === 1) {
    return `yesterday ${time}`;
  }
  if (moment.getFullYear() === now.getFullYear()) {
    return `${moment.getDate()} ${MONTHS[moment.getMonth()]} ${time}`;
  }
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())} ${time}`;
}

function localize(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLTimeElement>('time[datetime]:not([data-local])')) {
    const moment = new Date(element.dateTime);
    if (!Number.isNaN(moment.getTime())) {
      element.dataset.local = '';
      element.title = `${moment.toLocaleString('sv')} ${ZONE} · ${moment.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
      element.textContent = told(moment);
    }
  }
}

/** All times on the page, and those that come later. */
export function keepLocal(): void {
  localize(document);
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) {
        if (node instanceof HTMLElement && node.parentElement) {
          localize(node.parentElement);
        }
      }
    }
  }).observe(document.body, { childList: true, subtree: true });
}
