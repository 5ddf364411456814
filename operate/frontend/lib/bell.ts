/* The bell in the header: how many notifications were not read yet, known at once from the page before and looked up anew. */

import { h } from './dom';
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
  approvals: number;
}

export function mountBell(bell: HTMLAnchorElement): void {
  const badge = bell.querySelector<HTMLElement>('.ft-bell-count')!;

  function show({ unread, approvals }: Counts): void {
    showInSidebar(approvals);
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

/** Drafts of others that wait for a decision, beside the link to them. */
function showInSidebar(approvals: number): void {
  const link = document.querySelector<HTMLAnchorElement>('#nav-sidebar a[href="/operate/draft/"]');
  const badge = link?.querySelector('.ft-nav-count') ?? h('span', { class: 'ft-count ft-nav-count' });
  badge.textContent = String(approvals);
  badge.toggleAttribute('hidden', approvals === 0);
  link?.append(badge);
}
