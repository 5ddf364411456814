/* The list of process instances: filters, the diagram of the chosen process, and what is done to many. */

import { Diagram, type Figures, mountZoom } from './lib/diagram';
import { h, jsonOf, need } from './lib/dom';
import { getJson } from './lib/http';
import { type Facts, Selection } from './lib/selection';
import { number, texts } from './lib/texts';

const T = texts({
  en: {
    newest: (total: number) => `Counted in the newest ${number(total)} that match.`,
    notShown: (error: string) => `The diagram cannot be shown: ${error}`,
    none: {
      incident: 'None of the selected has an open incident.',
      running: 'None of the selected is running.',
      ended: 'None of the selected has ended.',
      active: 'None of the selected is running and not suspended.',
      suspended: 'None of the selected is suspended.',
    },
    one: {
      incident: 'It has no open incident.',
      running: 'It has ended.',
      ended: 'It has not ended.',
      active: 'It has ended, or is suspended already.',
      suspended: 'It is not suspended.',
    },
    process: 'Choose one process in the filters first: the selected ones may belong to several.',
    version: 'Choose one version in the filters first: the selected ones may run on several.',
    selected: (count: number) => `${number(count)} selected`,
    more: (count: number) => `More than ${number(count)} selected`,
    matching: 'All matching selected',
    selectNone: 'Select none',
    selectAll: 'Select all matching',
  },
  de: {
    newest: (total) => `Gezählt in den neuesten ${number(total)}, die passen.`,
    notShown: (error) => `Das Diagramm kann nicht gezeigt werden: ${error}`,
    none: {
      incident: 'Keine der ausgewählten hat einen offenen Vorfall.',
      running: 'Keine der ausgewählten läuft.',
      ended: 'Keine der ausgewählten ist beendet.',
      active: 'Keine der ausgewählten läuft, ohne angehalten zu sein.',
      suspended: 'Keine der ausgewählten ist angehalten.',
    },
    one: {
      incident: 'Sie hat keinen offenen Vorfall.',
      running: 'Sie ist beendet.',
      ended: 'Sie ist nicht beendet.',
      active: 'Sie ist beendet oder schon angehalten.',
      suspended: 'Sie ist nicht angehalten.',
    },
    process: 'Zuerst in den Filtern einen Prozess wählen: Die ausgewählten können zu mehreren gehören.',
    version: 'Zuerst in den Filtern eine Version wählen: Die ausgewählten können auf mehreren laufen.',
    selected: (count) => `${number(count)} ausgewählt`,
    more: (count) => `Mehr als ${number(count)} ausgewählt`,
    matching: 'Alle passenden ausgewählt',
    selectNone: 'Keine auswählen',
    selectAll: 'Alle passenden auswählen',
  },
});

interface Config {
  list: string;
  count: string;
  states: string[];
  process: string;
  version: string;
  element: string;
  why: Record<string, string>;
  xml?: string;
  figures?: string;
}

const config = jsonOf<Config>('list-config');
document.documentElement.classList.add('has-instances');

// -- filters

const filters = need<HTMLFormElement>('form.ft-filters');
const states = [...filters.querySelectorAll<HTMLInputElement>('input[name="state"]')];
const groups = [...filters.querySelectorAll<HTMLInputElement>('[data-state-group]')];
const DEFAULT = 'active,incidents,suspended';
const CERTAIN = ['key', 'business_key', 'called_by', 'batch'];

function of(group: HTMLInputElement): HTMLInputElement[] {
  return states.filter((state) => state.dataset.of === group.dataset.stateGroup);
}

function showGroups(): void {
  for (const group of groups) {
    const chosen = of(group).filter((state) => state.checked).length;
    group.checked = chosen === of(group).length;
    group.indeterminate = chosen > 0 && !group.checked;
  }
}
showGroups();

filters.addEventListener(
  'change',
  (event) => {
    const target = event.target as HTMLInputElement;
    if (target.dataset.stateGroup) {
      of(target).forEach((state) => (state.checked = target.checked));
    }
    if (target.dataset.stateGroup || target.name === 'state') {
      showGroups();
      filters.requestSubmit();
    } else if (target.name === 'process') {
      need<HTMLSelectElement>('[name="version"]', filters).value = '';
      need<HTMLInputElement>('[name="element"]', filters).value = '';
    }
  },
  true,
);

/* What the list shows by itself does not stand in the address, and several states stand there as one. */
filters.addEventListener('submit', () => {
  const chosen = states.filter((state) => state.checked).map((state) => state.value);
  const asksForCertain = CERTAIN.some((name) => filters.querySelector<HTMLInputElement>(`[name="${name}"]`)?.value);
  const isUsual = chosen.join() === (asksForCertain ? states.map((state) => state.value).join() : DEFAULT);
  states.forEach((state) => (state.disabled = true));
  filters.querySelectorAll('[data-states]').forEach((each) => each.remove());
  if (!isUsual && chosen.length) {
    const value = chosen.length === states.length ? 'all' : chosen.join();
    filters.append(h('input', { type: 'hidden', name: 'state', value, 'data-states': '' }));
  }
});

const more = need('#more');
const moreButton = need<HTMLButtonElement>('#more-filters');
moreButton.addEventListener('click', () => {
  const isFolded = more.toggleAttribute('data-folded');
  moreButton.setAttribute('aria-expanded', String(!isFolded));
  if (!isFolded) {
    more.querySelector<HTMLElement>('input, select')?.focus();
  }
});

/** The address of this list with some filters changed; the first page of it. */
function narrowed(changes: Record<string, string>): string {
  const query = new URLSearchParams(location.search);
  ['before', 'after'].forEach((name) => query.delete(name));
  for (const [name, value] of Object.entries(changes)) {
    value ? query.set(name, value) : query.delete(name);
  }
  return `${config.list}?${query}`;
}

// -- the diagram

async function showDiagram(xml: string): Promise<void> {
  const diagram = await Diagram.draw(need('#diagram'), xml);
  mountZoom(need('.ft-diagram-frame'), diagram);
  diagram.select(config.element || null);
  diagram.onSelect = (element) => {
    location.href = narrowed({ element: element ?? '' });
  };
  const found = await getJson<{ elements: Record<string, Figures>; total: number; isCut: boolean }>(
    `${config.figures}${location.search}`,
  );
  diagram.showFigures({ elements: found.elements, flows: [] });
  if (found.isCut) {
    need('#diagram-note').textContent = T.newest(found.total);
  }
  need('#process-diagram').dataset.ready = '';
}

const frame = document.querySelector<HTMLDetailsElement>('#process-diagram');
if (frame && config.xml) {
  const xml = config.xml;
  frame.open = localStorage.getItem('fettle.list.diagram') !== 'closed';
  let isDrawn = false;
  const draw = (): void => {
    if (frame.open && !isDrawn) {
      isDrawn = true;
      showDiagram(xml).catch((error: unknown) => {
        need('#diagram').replaceChildren(h('div', { class: 'ft-empty' }, T.notShown(String(error))));
      });
    }
  };
  frame.addEventListener('toggle', () => {
    localStorage.setItem('fettle.list.diagram', frame.open ? 'open' : 'closed');
    draw();
  });
  draw();
}

// -- the selection

interface Rule {
  fits(facts: Facts): boolean;
  states: string[];
  /** Why not, of several and of one. */
  none: string;
  one: string;
}

const running = (facts: Facts): boolean => facts.state === 'ACTIVE';
const RUNNING = ['active', 'incidents', 'suspended'];
const RULES: Record<string, Rule> = {
  resolve: {
    fits: (facts) => facts.incidents > 0,
    states: ['incidents', 'suspended'],
    none: T.none.incident,
    one: T.one.incident,
  },
  move: { fits: running, states: RUNNING, none: T.none.running, one: T.one.running },
  variables: { fits: running, states: RUNNING, none: T.none.running, one: T.one.running },
  migrate: { fits: running, states: RUNNING, none: T.none.running, one: T.one.running },
  restart: {
    fits: (facts) => !running(facts),
    states: ['completed', 'canceled'],
    none: T.none.ended,
    one: T.one.ended,
  },
  suspend: {
    fits: (facts) => running(facts) && !facts.suspended,
    states: ['active', 'incidents'],
    none: T.none.active,
    one: T.one.active,
  },
  resume: {
    fits: (facts) => facts.suspended,
    states: ['suspended', 'incidents'],
    none: T.none.suspended,
    one: T.one.suspended,
  },
  cancel: { fits: running, states: RUNNING, none: T.none.running, one: T.one.running },
  delete: {
    fits: (facts) => !running(facts),
    states: ['completed', 'canceled'],
    none: T.none.ended,
    one: T.one.ended,
  },
};
const OF_ONE_PROCESS = ['move'];
const OF_ONE_VERSION = ['migrate', 'restart'];

function mountSelection(list: HTMLFormElement): void {
  const selection = new Selection();
  const bar = need('[data-bulk]', list);
  const text = need('[data-bulk-count]', list);
  const page = need<HTMLInputElement>('[data-select-all]', list);
  const matching = need<HTMLButtonElement>('[data-select-matching]', list);
  const boxes = [...list.querySelectorAll<HTMLInputElement>('input[name="key"]')];
  const hasMore = document.querySelector('.ft-pager') !== null;
  let counted: { count: number; isMore: boolean } | null = null;
  matching.hidden = !hasMore;

  const factsOf = (box: HTMLInputElement): Facts => {
    const row = box.closest('tr')!.dataset;
    return {
      state: row.state ?? '',
      suspended: Boolean(row.suspended),
      incidents: Number(row.incidents),
      process: row.process ?? '',
      version: row.version ?? '',
    };
  };

  /** Why an operation does nothing for the present selection; empty if it does something. */
  function whyNot(name: string): string {
    if (config.why[name]) {
      return config.why[name];
    }
    const rule = RULES[name]!;
    const chosen = [...selection.keys.values()];
    if (selection.all ? !rule.states.some((state) => config.states.includes(state)) : !chosen.some(rule.fits)) {
      return selection.all || chosen.length > 1 ? rule.none : rule.one;
    }
    const fitting = chosen.filter(rule.fits);
    const processes = new Set(fitting.map((facts) => facts.process));
    const versions = new Set(fitting.map((facts) => facts.version));
    const needsVersion = OF_ONE_VERSION.includes(name);
    if ((needsVersion || OF_ONE_PROCESS.includes(name)) && (selection.all ? !config.process : processes.size > 1)) {
      return T.process;
    }
    if (needsVersion && (selection.all ? !config.version : versions.size > 1)) {
      return T.version;
    }
    return '';
  }

  function count(): string {
    if (!selection.all) {
      return T.selected(selection.keys.size);
    }
    if (!counted) {
      return T.matching;
    }
    const sum = counted.count - (counted.isMore ? 0 : selection.except.size);
    return counted.isMore ? T.more(sum) : T.selected(sum);
  }

  function show(): void {
    boxes.forEach((box) => {
      box.checked = selection.has(box.value);
      box.closest('tr')?.classList.toggle('is-selected', box.checked);
    });
    const here = boxes.filter((box) => box.checked).length;
    page.checked = here > 0 && here === boxes.length;
    page.indeterminate = here > 0 && here < boxes.length;
    bar.hidden = selection.isEmpty;
    text.textContent = count();
    matching.textContent = selection.all ? T.selectNone : T.selectAll;
    for (const button of bar.querySelectorAll<HTMLButtonElement>('button[name="operation"]')) {
      const why = selection.isEmpty ? '' : whyNot(button.value);
      button.toggleAttribute('aria-disabled', Boolean(why));
      if (why) {
        button.setAttribute('aria-disabled', 'true');
        button.dataset.why = why;
        button.title = why;
      } else {
        delete button.dataset.why;
        button.title = '';
      }
    }
  }

  async function countAll(): Promise<void> {
    counted = await getJson<{ count: number; isMore: boolean }>(`${config.count}${location.search}`).catch(() => null);
    show();
  }

  function chooseAll(isOn: boolean): void {
    selection.chooseAll(isOn);
    show();
    if (isOn && !counted) {
      void countAll();
    }
  }

  list.addEventListener('change', (event) => {
    const target = event.target as HTMLInputElement;
    const changed = target === page ? boxes : boxes.filter((box) => box === target);
    changed.forEach((box) => selection.set(box.value, factsOf(box), target.checked));
    show();
  });
  matching.addEventListener('click', () => chooseAll(!selection.all));
  need('[data-clear]', bar).addEventListener('click', () => chooseAll(false));

  /* What is selected on other pages goes along too. */
  list.addEventListener('submit', () => {
    list.querySelectorAll('[data-along]').forEach((each) => each.remove());
    const along = (name: string, value: string): void =>
      list.append(h('input', { type: 'hidden', name, value, 'data-along': '' }));
    if (selection.all) {
      along('everything', '1');
      along('without', [...selection.except].join());
    } else {
      const here = new Set(boxes.map((box) => box.value));
      along('keys', [...selection.keys.keys()].filter((key) => !here.has(key)).join());
    }
  });
  addEventListener('pageshow', show);
  show();
  if (selection.all) {
    void countAll();
  }
}

const form = document.querySelector<HTMLFormElement>('#instances');
if (form) {
  mountSelection(form);
}
