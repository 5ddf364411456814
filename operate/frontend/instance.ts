/* The page of a process instance: diagram, history and variables, one selection for all three. */

import type { Diagram, DiagramState } from './lib/diagram';
import { h, jsonOf, need, toast } from './lib/dom';
import { type History, HistoryTree, type Row } from './lib/history';
import { postForm, postJson, Refused } from './lib/http';
import type { Modification } from './lib/modification';
import { News } from './lib/news';
import { Notes } from './lib/notes';
import { Panels, type PanelState } from './lib/panels';
import { mountPresence } from './lib/presence';
import { mountTabs } from './lib/tabs';
import { texts } from './lib/texts';
import { Variables } from './lib/variables';
import { Snapshots } from './lib/variables/snapshots';

interface Config {
  key: string;
  xml: string;
  name: string;
  dot: string;
  state: string;
  tab: string;
  page: string;
  isRunning: boolean;
  why: Record<string, string>;
}

const T = texts({
  en: {
    busy: 'Save or cancel the edit first.',
    several: (number: number) => `This element has ${number} instances. Select one in the history.`,
    ended: 'This process instance has ended.',
    notDrawn: (why: string) => `The diagram cannot be drawn: ${why}`,
    complete: (task: string) => `Complete ‘${task}’`,
    completed: (task: string) => `Task ‘${task}’ completed.`,
    result: 'Result variables (JSON)',
    cancel: 'Cancel',
    reason: 'Reason (optional)',
    submit: 'Complete',
  },
  de: {
    busy: 'Erst die offene Änderung speichern oder abbrechen.',
    several: (number) => `Dieses Element hat ${number} Instanzen. Wählen Sie eine im Verlauf aus.`,
    ended: 'Diese Prozessinstanz ist beendet.',
    notDrawn: (why) => `Das Diagramm kann nicht gezeichnet werden: ${why}`,
    complete: (task) => `„${task}“ abschließen`,
    completed: (task) => `Aufgabe „${task}“ abgeschlossen.`,
    result: 'Ergebnisvariablen (JSON)',
    cancel: 'Abbrechen',
    reason: 'Grund (optional)',
    submit: 'Abschließen',
  },
});

const config = jsonOf<Config>('instance-config');
let state = jsonOf<DiagramState>('diagram-state');
const root = need('#instance');
root.classList.add('has-script');
const query = new URLSearchParams(location.search);

const panels = new Panels(config.page, state.revision, config.isRunning);
panels.scope = query.get('scope') ?? '';
let view = query.get('view') ?? 'tree';
const variables = new Variables(need('#panel-variables'), panels, root);
const notes = new Notes(need('#panel-notes'), panels);
const snapshots = new Snapshots(need('#panel-snapshots'), panels);
panels.tab = config.tab;
const tabs = mountTabs(root, config.tab, (chosen) => {
  void openTab(chosen);
});

async function openTab(chosen: string): Promise<void> {
  const isOther = chosen !== panels.tab;
  try {
    await panels.open(chosen);
  } catch (error) {
    toast(error instanceof Refused ? error.message : String(error), 'error');
  }
  if (chosen === 'snapshots') {
    void snapshots.show();
  }
  if (isOther) {
    remember();
  }
}

variables.onView = (chosen) => {
  view = chosen;
  remember();
};
variables.onScope = (scope) => void chooseScope(scope, '', true);

function remember(): void {
  const now = new URLSearchParams();
  if (panels.scope) {
    now.set('scope', panels.scope);
  }
  if (panels.tab !== 'waits') {
    now.set('tab', panels.tab);
  }
  if (view === 'json') {
    now.set('view', view);
  }
  history.replaceState(null, '', now.size ? `?${now}` : location.pathname);
}

// -- the history tree

const tree = new HistoryTree(
  need('#panel-history'),
  config.page,
  {
    key: config.key,
    scope: '',
    element: '',
    name: config.name,
    icon: 'bpmn-icon-participant',
    dot: config.dot,
    state: config.state,
    isOpen: config.isRunning,
    isScope: true,
  },
  jsonOf<History>('history-state'),
);
tree.onChoose = (row) => void chooseRow(row);

function chooseRow(row: Row | null): Promise<void> {
  return row
    ? chooseScope(row.key, row.element, Boolean(row.isOpen), row.exact ?? row.element)
    : chooseScope('', '', config.isRunning);
}

async function chooseScope(key: string, element: string, isOpen: boolean, exact = element): Promise<void> {
  if (variables.isEditing) {
    toast(T.busy, 'warning');
    return;
  }
  panels.choose(key === config.key ? '' : key);
  tree.select(panels.scope);
  tree.relate(element);
  if (modification?.isOn) {
    modification.select(exact || null, isOpen ? key : '');
  } else {
    diagram?.select(element || null, true);
  }
  if (!modification?.isOn && panels.tab !== 'details') {
    tabs.choose('variables');
  } else {
    await openTab(panels.tab);
  }
  remember();
}

// -- the diagram

let diagram: Diagram | null = null;
let modification: Modification | null = null;

function chooseElement(element: string | null): void {
  tree.relate(element);
  if (modification?.isOn) {
    modification.select(element);
    return;
  }
  diagram?.select(element);
  if (element) {
    void showInHistory(element);
    root.querySelector(`.ft-wait[data-element="${CSS.escape(element)}"]`)?.scrollIntoView({ block: 'nearest' });
  }
}

async function showInHistory(element: string): Promise<void> {
  try {
    const { row, total } = await tree.revealElement(element);
    if (total === 1 && row && panels.tab === 'variables') {
      await chooseRow(row);
    } else if (total > 1) {
      toast(T.several(total), 'info');
    }
  } catch (error) {
    toast(error instanceof Refused ? error.message : String(error), 'error');
  }
}

root.addEventListener('click', (event) => {
  const link = (event.target as HTMLElement).closest<HTMLElement>('[data-select-element]');
  if (link) {
    chooseElement(link.dataset.selectElement ?? null);
  }
  const fix = (event.target as HTMLElement).closest<HTMLElement>('[data-fix]');
  if (fix) {
    void modification?.suggest(JSON.parse(fix.dataset.fix ?? '[]'));
  }
  const undo = (event.target as HTMLElement).closest<HTMLElement>('[data-undo]');
  if (undo) {
    void modification?.undo(undo.dataset.undo ?? '');
  }
  const complete = (event.target as HTMLElement).closest<HTMLElement>('[data-complete]');
  const opener = (event.target as HTMLElement).closest<HTMLElement>('[data-opens]');
  if (opener) {
    const details = need<HTMLDetailsElement>(`#${opener.dataset.opens}`);
    details.open = !details.open;
    opener.setAttribute('aria-expanded', String(details.open));
    if (details.open) {
      details.querySelector<HTMLElement>('select, input:not([type="hidden"])')?.focus();
    }
  }
  if (complete && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    askToComplete(complete.dataset.complete ?? '', complete.dataset.name ?? '');
  }
});

panels.onShow = (shown: PanelState, isOwn: boolean) => {
  tree.update(shown.history);
  if (shown.panels.variables !== undefined && !variables.isEditing) {
    void variables.shown();
  }
  void snapshots.changed();
  presence.revision = shown.revision;
  if (isOwn) {
    localizeForms();
    modification?.ownChange(shown.revision);
  }
  state = shown.diagram;
  diagram?.showFigures(state);
  modification?.showInTree();
  root.querySelectorAll<HTMLElement>('[data-when-stuck]').forEach((each) => {
    each.hidden = (shown.counts.incidents ?? 0) > 0 !== (each.dataset.whenStuck === '1');
  });
  if (!shown.isRunning) {
    setOff(need('#modify-button'), T.ended);
  }
};

// -- forms in the tabs

root.addEventListener('submit', (event) => {
  const form = event.target as HTMLFormElement;
  if (form.matches('[data-panel-form]')) {
    event.preventDefault();
    void (form.dataset.ask ? askBefore(form) : sendForm(form));
  }
});

async function sendForm(form: HTMLFormElement, reason = ''): Promise<void> {
  const body = new FormData(form);
  if (reason) {
    body.set('reason', reason);
  }
  try {
    const { messages } = await postForm<{ messages: { kind: string; text: string }[] }>(form.action, body);
    messages.forEach((each) =>
      toast(each.text, each.kind === 'error' || each.kind === 'warning' ? each.kind : 'success'),
    );
    if (messages.every((each) => each.kind !== 'error')) {
      form.reset();
      form.closest('details')?.removeAttribute('open');
    }
    await panels.load();
  } catch (error) {
    toast(error instanceof Refused ? error.message : String(error), 'error');
  }
}

/** One question, with room for the reason. */
async function askBefore(form: HTMLFormElement): Promise<void> {
  const dialog = need<HTMLDialogElement>('#ask');
  const reason = h('input', { class: 'ft-input', id: 'ask-reason', maxlength: 500, autocomplete: 'off' });
  const go = (): void => {
    dialog.close();
    void sendForm(form, reason.value);
  };
  dialog.onkeydown = (event) => {
    if (event.key === 'Enter' && event.target === reason) {
      event.preventDefault();
      go();
    }
  };
  const [verb = ''] = [form.querySelector('button:not([type="button"])')?.textContent?.trim()];
  dialog.replaceChildren(
    h('header', { class: 'ft-dialog-header' }, h('h2', { id: 'ask-title' }, verb)),
    h(
      'div',
      { class: 'ft-dialog-body' },
      h('p', {}, form.dataset.ask ?? ''),
      h('label', { class: 'ft-label', for: 'ask-reason' }, T.reason),
      reason,
    ),
    h(
      'footer',
      { class: 'ft-dialog-footer' },
      h('button', { type: 'button', class: 'ft-button ft-button-plain', onclick: () => dialog.close() }, T.cancel),
      h('button', { type: 'button', class: 'ft-button ft-button-primary', onclick: go }, verb),
    ),
  );
  dialog.showModal();
  reason.focus();
}

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Times are entered in the zone of whoever enters them. */
function localizeForms(): void {
  root.querySelectorAll<HTMLInputElement>('[data-zone]').forEach((each) => (each.value = ZONE));
  root.querySelectorAll('[data-zone-name]').forEach((each) => (each.textContent = ZONE));
  root.querySelectorAll<HTMLInputElement>('input[data-moment]').forEach((each) => {
    const moment = new Date(each.dataset.moment ?? '');
    const local = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
    if (each.defaultValue !== local) {
      each.defaultValue = local;
    }
  });
}
localizeForms();

root.addEventListener('input', (event) => {
  const field = event.target as HTMLInputElement;
  const due = field.form?.querySelector<HTMLSelectElement>('[data-due]');
  if (field.name === 'at' && due) {
    due.value = 'at'; // who enters a time means it
  }
});

function setOff(button: HTMLElement, why: string): void {
  button.setAttribute('aria-disabled', 'true');
  button.dataset.why = why;
  button.title = why;
}

function askToComplete(key: string, name: string): void {
  const dialog = need<HTMLDialogElement>('#ask');
  const text = h('textarea', { class: 'ft-input', id: 'task-variables', rows: 8, spellcheck: 'false' });
  text.value = '{}';
  const problem = h('p', { class: 'ft-error', role: 'alert' });
  const submit = async (): Promise<void> => {
    try {
      const shown = await postJson<PanelState>(`${config.page}tasks/${key}/`, { variables: text.value });
      dialog.close();
      panels.show(shown);
      toast(T.completed(name));
    } catch (error) {
      problem.textContent = error instanceof Refused ? error.message : String(error);
    }
  };
  dialog.onkeydown = (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void submit();
    }
  };
  dialog.replaceChildren(
    h('header', { class: 'ft-dialog-header' }, h('h2', { id: 'ask-title' }, T.complete(name))),
    h(
      'div',
      { class: 'ft-dialog-body' },
      h('label', { class: 'ft-label', for: 'task-variables' }, T.result),
      text,
      problem,
    ),
    h(
      'footer',
      { class: 'ft-dialog-footer' },
      h('button', { type: 'button', class: 'ft-button ft-button-plain', onclick: () => dialog.close() }, T.cancel),
      h('button', { type: 'button', class: 'ft-button ft-button-primary', onclick: () => void submit() }, T.submit),
    ),
  );
  dialog.showModal();
  text.focus();
  text.select();
}

// -- the height of the diagram

const HEIGHT = 'fettle_diagram_height';
const splitter = need('#splitter');
splitter.setAttribute('aria-valuenow', String(need('#diagram').clientHeight));

/** Remembered in a cookie, so that the page comes with it and nothing moves when scripts run. */
function setHeight(height: number): void {
  const fit = Math.round(Math.max(160, Math.min(height, root.clientHeight - 260)));
  need('#diagram').style.height = `${fit}px`;
  splitter.setAttribute('aria-valuenow', String(fit));
  document.cookie = `${HEIGHT}=${fit}; path=/; max-age=31536000; SameSite=Lax`;
}

splitter.addEventListener('pointerdown', (down) => {
  const from = need('#diagram').clientHeight;
  splitter.setPointerCapture(down.pointerId);
  const move = (event: PointerEvent): void => setHeight(from + event.clientY - down.clientY);
  splitter.addEventListener('pointermove', move);
  splitter.addEventListener('pointerup', () => splitter.removeEventListener('pointermove', move), { once: true });
});
splitter.addEventListener('keydown', (event) => {
  const step = event.key === 'ArrowDown' ? 24 : event.key === 'ArrowUp' ? -24 : 0;
  if (step) {
    event.preventDefault();
    setHeight(need('#diagram').clientHeight + step);
  }
});

// -- start

const news = new News(need('#news'), panels, {
  isPlanning: () => modification?.hasPlan ?? false,
  refresh: () => (modification?.isOn ? modification.rebase() : panels.load()),
  isEditing: () => variables.isEditing || notes.isWriting,
  checkAgain: async () => modification?.checkAgain(),
});
const presence = mountPresence(
  () => (modification?.isOn ? 'MODIFYING' : variables.isEditing ? 'VARIABLES' : notes.isWriting ? 'NOTE' : 'LOOKING'),
  state.revision,
);
presence.onNews = (changes) => news.add(changes);

panels.mayRefresh = () => !modification?.isOn;
panels.isBusy = (name) =>
  (name === 'variables' && variables.isEditing) ||
  document.querySelector(`#panel-${name} details.ft-menu[open]`) !== null;

/** What can be read is there before what draws it is loaded. */
async function start(): Promise<void> {
  const model = fetch(config.xml);
  await painted();
  try {
    const [drawing, modifying] = await Promise.all([
      import('./lib/diagram'),
      config.why.modify ? null : import('./lib/modification'),
    ]);
    diagram = await drawing.Diagram.draw(need('#diagram'), await model);
    diagram.showFigures(state);
    diagram.onSelect = chooseElement;
    drawing.mountZoom(need('.ft-diagram-frame'), diagram);
    mountSearch(diagram);
    if (modifying) {
      mountModification(new modifying.Modification(diagram, panels, tree, config.key), diagram);
    }
  } catch (error) {
    need('#diagram').replaceChildren(h('div', { class: 'ft-empty' }, T.notDrawn(String(error))));
  }
  root.dataset.ready = '1';
  panels.keepFresh();
  presence.start();
}

function painted(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    document.addEventListener('visibilitychange', () => resolve(), { once: true }); // nothing is painted in the background
    if (document.visibilityState === 'hidden') {
      resolve();
    }
  });
}

if (query.get('edit') === 'variables') {
  void variables.openDocument();
} else if (view === 'json') {
  void variables.choose('json');
}
void start();

function mountSearch(drawn: Diagram): void {
  const field = need<HTMLInputElement>('#element-search');
  const ids = new Map(drawn.nodes().map((id) => [state.names[id] ?? id, id]));
  need('#element-names').replaceChildren(...[...ids.keys()].map((name) => h('option', { value: name })));
  field.addEventListener('change', () => {
    const id = ids.get(field.value) ?? (drawn.isNode(field.value) ? field.value : null);
    if (id) {
      field.value = '';
      field.blur();
      chooseElement(id);
    }
  });
}

function mountModification(mode: Modification, drawn: Diagram): void {
  modification = mode;
  mode.onVariables = () => tabs.choose('variables');
  need('#modify-button').addEventListener('click', () => void mode.begin());
  drawn.listenToDrags((from, to) => void mode.drag(from, to));
  if (query.get('edit') === 'tokens') {
    void mode.enter();
  } else if (query.get('draft')) {
    void mode.openDraft(query.get('draft') ?? '');
  } else {
    void mode.resume();
  }
}
