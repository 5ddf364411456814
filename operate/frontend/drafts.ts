/* A draft: its outcome on the diagram, and nothing red is approved before it was accepted. */

import { Diagram, mountZoom, type Outcome } from './lib/diagram';
import { h, jsonOf, need } from './lib/dom';
import { texts } from './lib/texts';

const T = texts({
  en: {
    accept: 'Accept what is red first, or reject it.',
    note: 'Say in the note why it is rejected.',
    why: 'Say why it cannot wait.',
    failed: (error: string) => `The diagram cannot be drawn: ${error}`,
  },
  de: {
    accept: 'Erst akzeptieren, was rot ist, oder ablehnen.',
    note: 'In der Notiz sagen, warum abgelehnt wird.',
    why: 'Sagen, warum es nicht warten kann.',
    failed: (error: string) => `Das Diagramm kann nicht gezeichnet werden: ${error}`,
  },
});

interface Config {
  xml?: string;
  figures?: Record<string, { active?: number; incidents?: number }>;
  outcome?: Outcome;
}

const config = jsonOf<Config>('draft-config');
const form = need<HTMLFormElement>('#decision');

// -- what may be pressed

const accepted = [...form.querySelectorAll<HTMLInputElement>('[name="accepted"]')];

function setOff(selector: string, why: string): void {
  const button = form.querySelector<HTMLElement>(selector);
  if (!button) {
    return;
  }
  if (why) {
    button.setAttribute('aria-disabled', 'true');
    button.dataset.why = why;
  } else {
    button.removeAttribute('aria-disabled');
    delete button.dataset.why;
  }
  button.title = why;
}

function enable(): void {
  const open = accepted.some((box) => !box.checked) ? T.accept : '';
  const filled = (name: string): boolean => Boolean(form.querySelector<HTMLInputElement>(`#${name}`)?.value.trim());
  setOff('#approve', open);
  setOff('#apply-draft', open);
  setOff('#reject', filled('note') ? '' : T.note);
  setOff('#break', open || (filled('break-glass') ? '' : T.why));
}

form.addEventListener('input', enable);
enable();

/* Breaking the glass is for its own button alone: Enter in another field must not do it. */
form.addEventListener('submit', (event) => {
  const glass = form.querySelector<HTMLInputElement>('#break-glass');
  if (glass && event.submitter?.id !== 'break') {
    glass.disabled = true;
  }
});
addEventListener('pageshow', () => form.querySelector<HTMLInputElement>('#break-glass')?.removeAttribute('disabled'));

// -- the diagram

if (config.xml) {
  const place = need('#diagram');
  try {
    const diagram = await Diagram.draw(place, config.xml);
    mountZoom(need('.ft-diagram-frame'), diagram);
    diagram.showFigures({ elements: config.figures ?? {}, flows: [] });
    diagram.showOutcome(config.outcome ?? null);
    for (const warning of document.querySelectorAll<HTMLElement>('[data-warning]')) {
      const elements = JSON.parse(warning.dataset.elements ?? '[]') as string[];
      warning.addEventListener('mouseenter', () => diagram.mark('is-warned', elements));
      warning.addEventListener('mouseleave', () => diagram.mark('is-warned', []));
    }
    for (const link of document.querySelectorAll<HTMLElement>('[data-element]')) {
      link.addEventListener('click', () => diagram.select(link.dataset.element ?? null, true));
    }
    place.dataset.ready = '1';
  } catch (error) {
    place.replaceChildren(h('div', { class: 'ft-empty' }, T.failed(String(error))));
  }
}
