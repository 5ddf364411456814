/* Files of long lists: fetched with progress and a way to stop. Without this, the link is an ordinary download. */

import { h, icon, need, toast } from './dom';
import { number, texts } from './texts';

const T = texts({
  en: {
    begins: 'Asking for the rows …',
    rows: (done: number, total: string) => (total ? `${number(done)} of ${total} rows` : `${number(done)} rows`),
    more: (total: number) => `more than ${number(total)}`,
    stop: 'Stop',
    stopped: 'Export stopped: no file was written.',
    broken: 'The export was broken off, no file was written. Try it again.',
    done: (rows: number) => `${number(rows)} rows exported.`,
  },
  de: {
    begins: 'Die Zeilen werden geholt …',
    rows: (done, total) => (total ? `${number(done)} von ${total} Zeilen` : `${number(done)} Zeilen`),
    more: (total) => `mehr als ${number(total)}`,
    stop: 'Abbrechen',
    stopped: 'Export abgebrochen: Es wurde keine Datei geschrieben.',
    broken: 'Der Export ist abgerissen, es wurde keine Datei geschrieben. Bitte noch einmal versuchen.',
    done: (rows) => `${number(rows)} Zeilen exportiert.`,
  },
});

export function mountExports(): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>('a[data-export]')) {
    link.addEventListener('click', (event) => {
      event.preventDefault();
      void download(link.href);
    });
  }
}

/** Save what the address answers as a file; a page instead of one is opened, for it says what is wrong. */
async function download(url: string): Promise<void> {
  const stopping = new AbortController();
  const text = h('span', {}, T.begins);
  const bar = h('progress', { 'aria-label': T.begins });
  const stop = h('button', { type: 'button', class: 'ft-link', onclick: () => stopping.abort() }, T.stop);
  const shown = h(
    'div',
    { class: 'ft-toast ft-toast-info ft-export', role: 'status' },
    icon('download'),
    text,
    bar,
    stop,
  );
  need('#toasts').append(shown);
  try {
    const answer = await fetch(url, { signal: stopping.signal });
    if (!answer.ok || !answer.body || !answer.headers.get('Content-Type')?.startsWith('text/csv')) {
      location.href = url;
      return;
    }
    const total = totalOf(answer);
    if (total.known) {
      bar.max = total.known;
    }
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let lines = 0;
    for (const reader = answer.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) {
        break;
      }
      parts.push(value);
      lines += linesIn(value);
      bar.value = Math.min(lines, bar.max);
      text.textContent = T.rows(Math.max(lines - 1, 0), total.text);
    }
    save(new Blob(parts, { type: 'text/csv' }), nameOf(answer));
    toast(T.done(Math.max(lines - 1, 0)));
  } catch {
    toast(stopping.signal.aborted ? T.stopped : T.broken, stopping.signal.aborted ? 'info' : 'error');
  } finally {
    shown.remove();
  }
}

function totalOf(answer: Response): { known: number; text: string } {
  const told = answer.headers.get('X-Rows') ?? '';
  const rows = parseInt(told, 10);
  if (Number.isNaN(rows)) {
    return { known: 0, text: '' };
  }
  return told.endsWith('+') ? { known: 0, text: T.more(rows) } : { known: rows + 1, text: number(rows) };
}

const LINE_END = 13; // lines end with CR LF; what is quoted may have LF alone

function linesIn(part: Uint8Array): number {
  let found = 0;
  for (let at = part.indexOf(LINE_END); at >= 0; at = part.indexOf(LINE_END, at + 1)) {
    found++;
  }
  return found;
}

function nameOf(answer: Response): string {
  return /filename="([^"]+)"/.exec(answer.headers.get('Content-Disposition') ?? '')?.[1] ?? 'export.csv';
}

function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
