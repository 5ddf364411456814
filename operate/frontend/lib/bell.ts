/* The bell in the header: how many notifications were not read yet, known at once from the page before and looked up anew. */

import { getJson } from './http';
import { counted, texts } from './texts';

const T = texts({
  en: {
    none: 'Notifications',
    some: (count: number) => `${counted(count, 'unread notification', 'unread notifications')}`,
  },
  de: {
    none: 'Benachrichtigungen',
    some: (count: number) => `${counted(count, 'ungelesene Benachrichtigung', 'ungelesene Benachrichtigungen')}`,
  },
});

const LOOK_MS = 60_000;
const KNOWN = 'fettle.unread';
const MOST = 99;

interface Counts {
  unread: number;
}

export function mountBell(bell: HTMLAnchorElement): void {
  const badge = bell.querySelector<HTMLElement>('.ft-bell-count')!;

  function show({ unread }: Counts): void {
    badge.hidden = unread === 0;
    badge.textContent = unread > MOST ? `${MOST}+` : String(unread);
    bell.title = unread === 0 ? T.none : T.some(unread);
    bell.setAttribute('aria-label', bell.title);
  }

  async function look(): Promise<void> {
    if (document.hidden) {
      return;
    }
    const found = await getJson<Counts>(bell.dataset.count ?? '').catch(() => null);
    if (found) {
      sessionStorage.setItem(KNOWN, JSON.stringify(found));
      show(found);
    }
  }

  const known = sessionStorage.getItem(KNOWN);
  if (known) {
    show(JSON.parse(known) as Counts);
  }
  void look();
  setInterval(() => void look(), LOOK_MS);
  document.addEventListener('visibilitychange', () => void look());
}
