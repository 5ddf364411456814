/* Times in the zone of whoever looks: the server writes them in its own, with the exact moment in the attribute. */

import { LANGUAGE, texts } from './texts';

const two = (value: number): string => String(value).padStart(2, '0');
const MONTHS = {
  en: ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'],
  de: ['Jan', 'Feb', 'Mär', 'Apr', 'Mai', 'Jun', 'Jul', 'Aug', 'Sep', 'Okt', 'Nov', 'Dez'],
};
const T = texts({
  en: {
    yesterday: (time: string) => `yesterday ${time}`,
    thisYear: (day: number, month: string, time: string) => `${day} ${month} ${time}`,
    earlier: (date: Date, time: string) => `${day(date)} ${time}`,
    exact: (date: Date) => `${day(date)} ${withSeconds(date)}`,
  },
  de: {
    yesterday: (time) => `gestern ${time}`,
    thisYear: (day, month, time) => `${day}. ${month} ${time}`,
    earlier: (date, time) => `${germanDay(date)} ${time}`,
    exact: (date) => `${germanDay(date)} ${withSeconds(date)}`,
  },
});

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

function day(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function germanDay(date: Date): string {
  return `${two(date.getDate())}.${two(date.getMonth() + 1)}.${date.getFullYear()}`;
}

/** Hours and minutes. */
export function clock(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

function withSeconds(date: Date): string {
  return `${clock(date)}:${two(date.getSeconds())}`;
}

/** Days from one day to another in the viewer's zone. */
function daysBetween(one: Date, other: Date): number {
  const midnight = (date: Date): number => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight(other) - midnight(one)) / 86_400_000);
}

/** As the server says it, but for the zone. */
export function told(moment: Date, now = new Date()): string {
  const time = clock(moment);
  const days = daysBetween(moment, now);
  if (days === 0) {
    return withSeconds(moment);
  }
  if (days === 1) {
    return T.yesterday(time);
  }
  if (moment.getFullYear() === now.getFullYear()) {
    return T.thisYear(moment.getDate(), MONTHS[LANGUAGE][moment.getMonth()] ?? '', time);
  }
  return T.earlier(moment, time);
}

function localize(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLTimeElement>('time[datetime]:not([data-local])')) {
    const moment = new Date(element.dateTime);
    if (!Number.isNaN(moment.getTime())) {
      element.dataset.local = '';
      element.title = `${T.exact(moment)} ${ZONE} · ${moment.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
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
