/* Requests to the page's own server, with its refusals as errors that can be shown. */

import { texts } from './texts';

const T = texts({
  en: {
    loggedOut: 'You are logged out. Log in again in another tab, then repeat this.',
    status: (status: number) => `The server answered with status ${status}.`,
  },
  de: {
    loggedOut: 'Sie sind abgemeldet. Melden Sie sich in einem anderen Tab wieder an und wiederholen Sie dies.',
    status: (status) => `Der Server hat mit Status ${status} geantwortet.`,
  },
});

export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly body: { message: string; row?: number | null },
  ) {
    super(body.message);
  }
}

export async function getJson<T>(url: string, signal?: AbortSignal): Promise<T> {
  return answer<T>(await fetch(url, { headers: { Accept: 'application/json' }, signal: signal ?? null }));
}

export async function postJson<T>(url: string, body: unknown, more: Record<string, string> = {}): Promise<T> {
  const headers = { 'Content-Type': 'application/json', 'X-CSRFToken': csrfToken(), ...more };
  return answer<T>(await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }));
}

export async function postForm<T>(url: string, body: FormData): Promise<T> {
  return answer<T>(
    await fetch(url, { method: 'POST', headers: { Accept: 'application/json', 'X-CSRFToken': csrfToken() }, body }),
  );
}

async function answer<T>(response: Response): Promise<T> {
  if (response.redirected && new URL(response.url).pathname.startsWith('/login')) {
    throw new Refused(401, { message: T.loggedOut });
  }
  if (!response.headers.get('Content-Type')?.startsWith('application/json')) {
    throw new Refused(response.status, { message: T.status(response.status) });
  }
  const body = await response.json();
  if (!response.ok) {
    throw new Refused(response.status, body);
  }
  return body as T;
}

export function csrfToken(): string {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] ?? '';
}
