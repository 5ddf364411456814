/* The page of a process definition: diagram with running counts, and the XML. */

import { Diagram, type Figures, mountZoom } from './lib/diagram';
import { h, jsonOf, need, toast } from './lib/dom';
import { mountTabs } from './lib/tabs';
import { texts } from './lib/texts';

const T = texts({
  en: { copied: 'XML copied.', notDrawn: (error: string) => `The diagram cannot be drawn: ${error}` },
  de: { copied: 'XML kopiert.', notDrawn: (error) => `Das Diagramm kann nicht gezeichnet werden: ${error}` },
});

const config = jsonOf<{ xml: string; elements: Record<string, Figures>; list: string }>('definition-config');
const section = need('.ft-panel-tabs');
let xml: string | null = null;

const tabs = mountTabs(section, section.dataset.firstTab ?? 'versions', (name) => {
  if (name === 'xml') {
    void showXml();
  }
});
document.querySelector('[data-open-tab]')?.addEventListener('click', (event) => {
  event.preventDefault();
  tabs.choose('start');
  need<HTMLInputElement>('#id_business_key').focus();
});

// -- suspending, keeping history, deleting: asked in a dialog, without scripts on a page of its own

const ask = need<HTMLDialogElement>('#ask');

document.addEventListener('click', (event) => {
  const link = (event.target as HTMLElement).closest<HTMLAnchorElement>('a[data-ask]');
  if (link && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    link.closest('details')?.removeAttribute('open');
    void askFor(link.href);
  }
});
ask.addEventListener('click', (event) => {
  if ((event.target as HTMLElement).closest('[data-close]')) {
    event.preventDefault();
    ask.close();
  }
});

async function askFor(address: string): Promise<void> {
  const answer = await fetch(`${address}?dialog`);
  if (!answer.ok || answer.redirected) {
    location.href = address; // the page tells what is wrong
    return;
  }
  ask.innerHTML = await answer.text();
  ask.showModal();
}

async function model(): Promise<string> {
  xml ??= await (await fetch(config.xml)).text();
  return xml;
}

async function showXml(): Promise<void> {
  const place = need('#xml');
  if (!place.querySelector('pre')) {
    place.replaceChildren(h('pre', { class: 'ft-code' }, await model()));
  }
}

need('[data-copy-xml]').addEventListener('click', () => {
  void model()
    .then((text) => navigator.clipboard.writeText(text))
    .then(() => toast(T.copied));
});

try {
  const diagram = await Diagram.draw(need('#diagram'), config.xml);
  diagram.showFigures({ elements: config.elements, flows: [] });
  mountZoom(need('.ft-diagram-frame'), diagram);
  diagram.onSelect = (element) => {
    diagram.select(element);
    if (element && config.elements[element]) {
      location.href = `${config.list}&element=${encodeURIComponent(element)}`;
    }
  };
} catch (error) {
  need('#diagram').replaceChildren(h('div', { class: 'ft-empty' }, T.notDrawn(String(error))));
}
