/* Two versions of a model: what was removed and changed on the left, added and changed on the right, and the XML side by side. */

import { xml as xmlLanguage } from '@codemirror/lang-xml';
import { defaultHighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { MergeView } from '@codemirror/merge';
import { EditorState } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';

import { Diagram } from './lib/diagram';
import { h, jsonOf, need } from './lib/dom';
import { mountTabs } from './lib/tabs';

interface Config {
  before: string;
  after: string;
  differences: { id: string; kind: 'added' | 'removed' | 'changed' }[];
}

const place = document.querySelector<HTMLElement>('.ft-panel-tabs');
if (place) {
  void mount(place, jsonOf<Config>('compare-config'));
}

async function mount(section: HTMLElement, config: Config): Promise<void> {
  mountTabs(section, new URLSearchParams(location.search).get('tab') ?? 'list', (name) => {
    if (name === 'xml' && !need('#panel-xml').hasChildNodes()) {
      void showXml(config);
    }
  });
  const [before, after] = await Promise.all([
    Diagram.draw(need('#before'), config.before),
    Diagram.draw(need('#after'), config.after),
  ]);
  const of = (kind: string): string[] => config.differences.filter((each) => each.kind === kind).map((each) => each.id);
  before.mark('is-removed', of('removed'));
  after.mark('is-added', of('added'));
  [before, after].forEach((diagram) => diagram.mark('is-changed', of('changed')));
  const rows = [...section.querySelectorAll<HTMLElement>('[data-difference]')];
  const choose = (id: string | null): void => {
    [before, after].forEach((diagram) => diagram.select(id, true));
    rows.forEach((row) => row.classList.toggle('is-current', row.dataset.difference === id));
  };
  before.onSelect = choose;
  after.onSelect = choose;
  for (const row of rows) {
    row.addEventListener('click', () => choose(row.dataset.difference ?? null));
    row.addEventListener('keydown', (event) => event.key === 'Enter' && choose(row.dataset.difference ?? null));
  }
  section.dataset.ready = '';
}

async function showXml(config: Config): Promise<void> {
  const [before, after] = await Promise.all(
    [config.before, config.after].map(async (url) => (await fetch(url)).text()),
  );
  const isDark = document.documentElement.classList.contains('dark');
  const extensions = [
    lineNumbers(),
    xmlLanguage(),
    ...(isDark ? [] : [syntaxHighlighting(defaultHighlightStyle)]),
    EditorView.theme({}, { dark: isDark }),
    EditorView.lineWrapping,
    EditorView.editable.of(false),
    EditorState.readOnly.of(true),
  ];
  const parent = h('div', { class: 'ft-compare-xml' });
  need('#panel-xml').replaceChildren(parent);
  new MergeView({
    a: { doc: before ?? '', extensions },
    b: { doc: after ?? '', extensions },
    parent,
    collapseUnchanged: { margin: 3, minSize: 6 },
    gutter: true,
  });
}
