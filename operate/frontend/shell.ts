/* What every page has: keys, copying, menus, rows that open, selections, and controls that say why they are off. */

import { mountBell } from './lib/bell';
import { mountToast, toast } from './lib/dom';
import { mountExports } from './lib/exports';
import { mountFinder } from './lib/finder';
import { mountScrolling } from './lib/scrolling';
import { listen, mountHelp, type Shortcut, shortcuts } from './lib/shortcuts';
import { number, texts } from './lib/texts';
import { keepLocal } from './lib/times';

const T = texts({
  en: {
    copied: 'Copied.',
    selected: (count: number) => `${number(count)} selected`,
    find: 'Find something',
    escape: 'Close what is open',
    nextRow: 'Next row',
    previousRow: 'Previous row',
    selectRow: 'Select the row',
    openRow: 'Open the row',
    submit: 'Send the form',
  },
  de: {
    copied: 'Kopiert.',
    selected: (count) => `${number(count)} ausgewählt`,
    find: 'Etwas suchen',
    escape: 'Offenes schließen',
    nextRow: 'Nächste Zeile',
    previousRow: 'Vorige Zeile',
    selectRow: 'Zeile auswählen',
    openRow: 'Zeile öffnen',
    submit: 'Formular absenden',
  },
});

document.addEventListener(
  'click',
  (event) => {
    const target = event.target as HTMLElement;
    const off = target.closest<HTMLElement>('[aria-disabled="true"]');
    if (off) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (off.dataset.why) {
        toast(off.dataset.why, 'warning');
      }
      return;
    }
    const copy = target.closest<HTMLElement>('[data-copy]');
    if (copy) {
      void navigator.clipboard.writeText(copy.dataset.copy ?? '').then(() => toast(T.copied));
      return;
    }
    for (const menu of document.querySelectorAll<HTMLDetailsElement>('details.ft-menu[open]')) {
      if (!menu.contains(target)) {
        menu.open = false;
      }
    }
    const row = target.closest<HTMLElement>('tr[data-row]');
    if (
      row &&
      !target.closest('a, button, input, label, summary, details, form.ft-inline') &&
      !getSelection()?.toString()
    ) {
      open(row.dataset.row ?? '', event.metaKey || event.ctrlKey ? '_blank' : '_self');
    }
  },
  true,
);

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') {
    document.querySelectorAll<HTMLDetailsElement>('details.ft-menu[open]').forEach((menu) => (menu.open = false));
  }
});

// -- keys

const hasRows = (): boolean => document.querySelector('tr[data-row]') !== null;
const boxOf = (): HTMLInputElement | null => document.querySelector('tr.is-focused input[type="checkbox"]');

shortcuts(
  'everywhere',
  { keys: 'Ctrl+k', label: T.find },
  { keys: 'Escape', label: T.escape, when: () => document.querySelector('details.ft-menu') !== null },
);
shortcuts(
  'list',
  { keys: 'j', label: T.nextRow, act: () => moveRow(1), when: hasRows },
  { keys: 'k', label: T.previousRow, act: () => moveRow(-1), when: hasRows },
  {
    keys: 'x',
    label: T.selectRow,
    act: () => boxOf()?.click(),
    when: () => document.querySelector('tr[data-row] input[type="checkbox"]') !== null,
  },
  { keys: 'Enter', label: T.openRow, when: hasRows },
);
shortcuts('go', ...pages());
shortcuts('forms', {
  keys: 'Ctrl+Enter',
  label: T.submit,
  when: () => document.querySelector('main textarea, #wizard, #instance') !== null,
});
listen();

/** A letter for each page of the sidebar that whoever looks may see. */
function pages(): Shortcut[] {
  const letters: Record<string, string> = {
    '/': 'o',
    '/workflow/processinstance/': 'p',
    '/workflow/incident/': 'i',
    '/workflow/usertask/': 't',
    '/workflow/job/': 'j',
    '/operate/batch/': 'b',
    '/operate/draft/': 'a',
    '/workflow/processdefinition/': 'd',
    '/audit/auditevent/': 'l',
    '/workflow/workspace/': 'w',
  };
  const links = [...document.querySelectorAll<HTMLAnchorElement>('#nav-sidebar a[href^="/"]')];
  const found = new Map(links.map((link) => [letters[link.pathname], link])); // of two, the one below the product's sign
  return [...found].flatMap(([letter, link]) => {
    const label = (link.lastElementChild ?? link).textContent?.trim() ?? '';
    return letter ? [{ keys: `g ${letter}`, label, act: () => location.assign(link.href) }] : [];
  });
}

function moveRow(step: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>('tr[data-row]')];
  const now = rows.findIndex((row) => row.classList.contains('is-focused'));
  const next = rows[Math.max(0, Math.min(rows.length - 1, now + step))];
  rows[now]?.classList.remove('is-focused');
  next?.classList.add('is-focused');
  next?.querySelector<HTMLElement>('a')?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: 'nearest' });
}

for (const form of document.querySelectorAll<HTMLFormElement>('form[data-selection]')) {
  const bar = form.querySelector<HTMLElement>('[data-bulk]');
  const all = form.querySelector<HTMLInputElement>('[data-select-all]');
  const boxes = [...form.querySelectorAll<HTMLInputElement>('input[name="key"]:not(:disabled)')];
  const show = (): void => {
    const chosen = boxes.filter((box) => box.checked);
    boxes.forEach((box) => box.closest('tr')?.classList.toggle('is-selected', box.checked));
    if (bar) {
      bar.hidden = chosen.length === 0;
      bar.querySelector('[data-bulk-count]')!.textContent = T.selected(chosen.length);
    }
    if (all) {
      all.checked = chosen.length > 0 && chosen.length === boxes.length;
      all.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
    }
  };
  form.addEventListener('change', (event) => {
    if (event.target === all) {
      boxes.forEach((box) => (box.checked = all?.checked ?? false));
    }
    show();
  });
  show();
}

/* Short addresses: filters that are empty do not stand in them. */
for (const form of document.querySelectorAll<HTMLFormElement>('form.ft-filters')) {
  form.addEventListener('submit', (event) => {
    const pressed = event.submitter?.getAttribute('name');
    for (const field of form.querySelectorAll<HTMLInputElement | HTMLSelectElement>('input, select')) {
      field.disabled = !field.value || (field.type === 'hidden' && field.name === pressed);
    }
  });
  form.addEventListener('change', (event) => {
    if (event.target instanceof HTMLSelectElement) {
      form.requestSubmit();
    }
  });
}
addEventListener('pageshow', () => {
  document
    .querySelectorAll<HTMLInputElement>('form.ft-filters :disabled:not([data-off])')
    .forEach((field) => (field.disabled = false));
});

document.querySelectorAll<HTMLElement>('.ft-toast').forEach(mountToast);

const finder = document.querySelector<HTMLFormElement>('#find-form');
if (finder) {
  mountFinder(finder);
}
mountScrolling();
mountExports();
keepLocal();
const help = document.querySelector<HTMLElement>('#shortcuts');
if (help) {
  mountHelp(help);
}

const bell = document.querySelector<HTMLAnchorElement>('#bell');
if (bell) {
  mountBell(bell);
}
