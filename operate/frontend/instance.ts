/* The page of a process instance: diagram, history and variables, one selection for all three. */

import { Diagram, type DiagramState, mountZoom } from './lib/diagram';
import { h, jsonOf, need, toast } from './lib/dom';
import { postJson, Refused } from './lib/http';
import { Modification } from './lib/modification';
import { Notes } from './lib/notes';
import { Panels, type PanelState } from './lib/panels';
import { mountTabs } from './lib/tabs';
import { Variables } from './lib/variables';
import { Snapshots } from './lib/variables/snapshots';

interface Config {
  key: string;
  xml: string;
  page: string;
  isRunning: boolean;
  why: Record<string, string>;
}

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
let tab = query.get('edit') === 'variables' ? 'variables' : (query.get('tab') ?? 'waits');
const tabs = mountTabs(root, tab, (chosen) => {
  tab = chosen;
  remember();
  if (chosen === 'snapshots') {
    void snapshots.show();
  }
});

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
  if (tab !== 'waits') {
    now.set('tab', tab);
  }
  if (view === 'json') {
    now.set('view', view);
  }
  history.replaceState(null, '', now.size ? `?${now}` : location.pathname);
}

// -- the history tree

const tree = need('#panel-history');

tree.addEventListener('click', (event) => {
  const row = (event.target as HTMLElement).closest<HTMLElement>('.ft-tree-row');
  if (!row?.dataset.key || event.ctrlKey || event.metaKey) {
    return;
  }
  event.preventDefault();
  void chooseScope(row.dataset.key, row.dataset.element ?? '', Boolean(row.dataset.open), row.dataset.exact ?? '');
});

tree.addEventListener('keydown', (event) => {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  const links = [...tree.querySelectorAll<HTMLElement>('a.ft-tree-link')];
  const next = links[links.indexOf(document.activeElement as HTMLElement) + step];
  if (step && next) {
    event.preventDefault();
    next.focus();
  }
});

async function chooseScope(key: string, element: string, isOpen: boolean, exact = element): Promise<void> {
  if (variables.isEditing) {
    toast('Save or cancel the edit first.', 'warning');
    return;
  }
  panels.scope = key === config.key ? '' : key;
  if (modification?.isOn) {
    modification.select(exact || null, isOpen ? key : '');
  } else {
    tabs.choose('variables');
    diagram?.select(element || null, true);
  }
  markRelated(element);
  try {
    await panels.load();
  } catch (error) {
    toast(error instanceof Refused ? error.message : String(error), 'error');
  }
  markRelated(element);
  remember();
}

function markRelated(element: string | null): void {
  for (const row of tree.querySelectorAll<HTMLElement>('.ft-tree-row')) {
    row.classList.toggle('is-related', Boolean(element) && row.dataset.element === element);
  }
}

// -- the diagram

let diagram: Diagram | null = null;
let modification: Modification | null = null;

function chooseElement(element: string | null): void {
  if (modification?.isOn) {
    modification.select(element);
    markRelated(element);
    return;
  }
  diagram?.select(element);
  markRelated(element);
  if (!element) {
    return;
  }
  const rows = [...tree.querySelectorAll<HTMLElement>('.ft-tree-row')].filter((row) => row.dataset.element === element);
  const running = rows.filter((row) => row.dataset.open);
  const candidates = running.length ? running : rows;
  candidates[0]?.scrollIntoView({ block: 'nearest' });
  if (candidates.length === 1 && candidates[0]?.dataset.key && tabs.chosen === 'variables') {
    void chooseScope(candidates[0].dataset.key, element, Boolean(running.length), candidates[0].dataset.exact);
  } else if (candidates.length > 1) {
    toast(`This element has ${candidates.length} instances. Select one in the history.`, 'info');
  }
  root.querySelector(`.ft-wait[data-element="${CSS.escape(element)}"]`)?.scrollIntoView({ block: 'nearest' });
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
  if (complete && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    askToComplete(complete.dataset.complete ?? '', complete.dataset.name ?? '');
  }
});

panels.onShow = (shown: PanelState) => {
  void variables.shown();
  void snapshots.changed();
  notes.shown();
  modification?.ownChange(shown.revision);
  state = shown.diagram;
  diagram?.showFigures(state);
  modification?.showInTree();
  const waiting = document.querySelectorAll('#panel-waits .ft-wait').length;
  need('[data-count="waits"]').textContent = String(waiting);
  if (!shown.isRunning) {
    setOff(need('#modify-button'), 'This process instance has ended.');
  }
};

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
      toast(`Task ‘${name}’ completed.`);
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
    h('header', { class: 'ft-dialog-header' }, h('h2', { id: 'ask-title' }, `Complete ‘${name}’`)),
    h(
      'div',
      { class: 'ft-dialog-body' },
      h('label', { class: 'ft-label', for: 'task-variables' }, 'Result variables (JSON)'),
      text,
      problem,
    ),
    h(
      'footer',
      { class: 'ft-dialog-footer' },
      h('button', { type: 'button', class: 'ft-button ft-button-plain', onclick: () => dialog.close() }, 'Cancel'),
      h('button', { type: 'button', class: 'ft-button ft-button-primary', onclick: () => void submit() }, 'Complete'),
    ),
  );
  dialog.showModal();
  text.focus();
  text.select();
}

// -- the height of the diagram

const HEIGHT = 'fettle.diagramHeight';
const splitter = need('#splitter');

function setHeight(height: number): void {
  const fit = Math.max(160, Math.min(height, root.clientHeight - 260));
  need('#diagram').style.height = `${fit}px`;
  localStorage.setItem(HEIGHT, String(fit));
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
setHeight(Number(localStorage.getItem(HEIGHT)) || Math.round(root.clientHeight * 0.46));

// -- start

panels.mayRefresh = () =>
  !variables.isEditing &&
  !modification?.isOn &&
  !document.querySelector('dialog[open], details.ft-menu[open], #panel-waits :focus');

try {
  diagram = await Diagram.draw(need('#diagram'), config.xml);
  diagram.showFigures(state);
  diagram.onSelect = chooseElement;
  mountZoom(need('.ft-diagram-frame'), diagram);
  mountSearch(diagram);
  mountModification(diagram);
} catch (error) {
  need('#diagram').replaceChildren(h('div', { class: 'ft-empty' }, `The diagram cannot be drawn: ${String(error)}`));
}
root.dataset.ready = '1';
if (query.get('edit') === 'variables') {
  void variables.openDocument();
} else if (view === 'json') {
  void variables.choose('json');
}
panels.keepFresh();

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

function mountModification(drawn: Diagram): void {
  if (config.why.modify) {
    return;
  }
  const mode = (modification = new Modification(drawn, panels, config.key));
  need('#modify-button').addEventListener('click', () => void mode.enter());
  drawn.listenToDrags((from, to) => void mode.drag(from, to));
  if (query.get('edit') === 'tokens') {
    void mode.enter();
  } else {
    void mode.resume();
  }
}
