/* Who changed a variable, when, from what to what: a small window beside the clock that was clicked. */

import { h } from '../dom';
import { texts } from '../texts';
import { readHistory, refusalOf, type Written } from './api';
import { changedPlaces } from './merge';
import { preview } from './values';

const T = texts({
  en: {
    title: (name: string) => `History of ${name}`,
    close: 'Close',
    loading: 'Loading…',
    none: 'Nothing is known of earlier values.',
    process: 'the process',
    hidden: 'somebody',
    at: (element: string) => ` at ‘${element}’`,
    event: 'audit event',
    added: 'added',
    changed: 'changed',
    deleted: 'deleted',
    nothing: '–',
    more: (count: number) => `and ${count} more places`,
  },
  de: {
    title: (name) => `Verlauf von ${name}`,
    close: 'Schließen',
    loading: 'Wird geladen…',
    none: 'Frühere Werte sind nicht bekannt.',
    process: 'dem Prozess',
    hidden: 'jemand',
    at: (element) => ` bei „${element}“`,
    event: 'Audit-Ereignis',
    added: 'hinzugefügt',
    changed: 'geändert',
    deleted: 'gelöscht',
    nothing: '–',
    more: (count) => `und ${count} weitere Stellen`,
  },
});

const WIDTH = 440;
const SHOWN = 200;
let close: () => void = () => {};

/** Opens beside an element; Escape, a click elsewhere or another one closes it. */
export async function showHistory(beside: HTMLElement, page: string, scope: string, name: string): Promise<void> {
  close();
  const list = h('div', { class: 'ft-history-list', tabindex: 0 }, h('p', { class: 'ft-subtle ft-padded' }, T.loading));
  const button = h('button', { type: 'button', class: 'ft-icon-button', 'aria-label': T.close });
  button.append(h('span', { class: 'material-symbols-outlined', 'aria-hidden': 'true' }, 'close'));
  const window_ = h(
    'div',
    { class: 'ft-history', role: 'dialog', 'aria-label': T.title(name) },
    h('header', { class: 'ft-history-header' }, h('strong', {}, T.title(name)), button),
    list,
  );
  document.body.append(window_);
  place(window_, beside);
  const outside = (event: Event): void => {
    if (!window_.contains(event.target as Node)) {
      close();
    }
  };
  const escape = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      close();
      beside.focus();
    }
  };
  close = () => {
    window_.remove();
    document.removeEventListener('pointerdown', outside, true);
    document.removeEventListener('keydown', escape, true);
    removeEventListener('resize', close);
    close = () => {};
  };
  button.addEventListener('click', () => (close(), beside.focus()));
  document.addEventListener('pointerdown', outside, true);
  document.addEventListener('keydown', escape, true);
  addEventListener('resize', close);
  button.focus();
  try {
    const rows = await readHistory(page, scope, name);
    list.replaceChildren(...(rows.length ? rows.slice(0, SHOWN).map(entry) : [h('p', { class: 'ft-padded' }, T.none)]));
  } catch (error) {
    list.replaceChildren(h('p', { class: 'ft-error ft-padded', role: 'alert' }, refusalOf(error).message));
  }
  place(window_, beside);
}

function place(window_: HTMLElement, beside: HTMLElement): void {
  const at = beside.getBoundingClientRect();
  const height = window_.offsetHeight;
  const isBelow = at.bottom + height + 12 < innerHeight || at.top < innerHeight / 2;
  window_.style.width = `${WIDTH}px`;
  window_.style.left = `${Math.max(12, Math.min(at.right - WIDTH, innerWidth - WIDTH - 12))}px`;
  window_.style.top = `${Math.max(8, Math.min(isBelow ? at.bottom + 4 : at.top - height - 4, innerHeight - height - 8))}px`;
}

function entry(written: Written): HTMLElement {
  const who = written.by === 'process' ? T.process : written.by || T.hidden;
  const at = written.at ? new Date(written.at) : null;
  return h(
    'article',
    { class: 'ft-history-entry', 'data-kind': written.kind },
    h(
      'p',
      {},
      h('strong', {}, who),
      ` ${T[written.kind]} it${written.element_name ? T.at(written.element_name) : ''}, `,
      at && h('time', { datetime: written.at, title: at.toString() }, at.toLocaleString()),
    ),
    ...diffLines(written),
    (written.reason || written.url) &&
      h(
        'p',
        { class: 'ft-subtle' },
        written.reason ? `${written.reason} ` : '',
        written.url && h('a', { href: written.url }, T.event),
      ),
  );
}

const MOST_PLACES = 8;

/** Was and now; of an object only what has changed in it. */
function diffLines(written: Written): HTMLElement[] {
  const { before, after, type_before: typeBefore, type_after: typeAfter } = written;
  const places = before !== null && after !== null ? changedPlaces('', before, after) : [{ path: '', before, after }];
  const lines = places
    .slice(0, MOST_PLACES)
    .map((place) =>
      h(
        'p',
        { class: 'ft-diff' },
        place.path.length > 3 ? h('span', { class: 'ft-subtle' }, `${place.path.slice(3)}: `) : null,
        side('del', place.before, T.nothing),
        ' → ',
        side('ins', place.after, T.deleted),
      ),
    );
  if (places.length > MOST_PLACES) {
    lines.push(h('p', { class: 'ft-subtle' }, T.more(places.length - MOST_PLACES)));
  }
  if (typeBefore && typeAfter && typeBefore !== typeAfter) {
    lines.push(h('p', { class: 'ft-subtle' }, `${typeBefore} → ${typeAfter}`));
  }
  return lines;
}

function side(tag: 'del' | 'ins', text: string | null, instead: string): HTMLElement {
  return text === null
    ? h('span', { class: 'ft-subtle' }, instead)
    : h(tag, { title: text.slice(0, 2000) }, preview(text));
}
