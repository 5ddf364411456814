/* The wizards: diagrams that fill the form's fields, and a preview that is tried anew with every change. */

import { Diagram, type Figures, mountZoom } from './lib/diagram';
import { jsonOf, need } from './lib/dom';
import { PreviewPanel } from './lib/preview';
import { texts } from './lib/texts';

const T = texts({
  en: {
    source: 'Choose on the diagram where the tokens stand.',
    target: (source: string) => `From “${source}”: choose on the diagram where they should go on.`,
    move: (source: string, target: string) => `Move from “${source}” to “${target}”.`,
    immovable: 'Nothing can be moved from there.',
  },
  de: {
    source: 'Im Diagramm wählen, wo die Token stehen.',
    target: (source) => `Von „${source}“: im Diagramm wählen, wo sie weitergehen sollen.`,
    move: (source, target) => `Von „${source}“ nach „${target}“ verschieben.`,
    immovable: 'Von dort kann nichts verschoben werden.',
  },
});

interface Config {
  xml?: string;
  target?: string;
  figures?: Record<string, Figures>;
  elements?: Record<string, { name: string; whySource?: string }>;
  targets?: Record<string, Record<string, string>>;
}

const found = document.querySelector<HTMLFormElement>('#wizard');
if (found) {
  void mount(found);
}

async function mount(form: HTMLFormElement): Promise<void> {
  const config = jsonOf<Config>('wizard-config');
  const preview = new PreviewPanel(form);
  const kinds: Record<string, () => Promise<void> | void> = {
    move: () => mountMove(form, config, preview),
    restart: () => mountRestart(form, config, preview),
    variables: () => mountVariables(form, preview),
    migrate: () => mountMigrate(form, config, preview),
  };
  /* Another version asks other questions: the server asks them. */
  form.addEventListener('change', (event) => {
    if ((event.target as HTMLElement).matches('[data-refresh]')) {
      form.querySelector('[name="mapped"]')?.remove();
      form.querySelector('[name="shown"]')?.remove();
      form.noValidate = true;
      form.submit();
      return;
    }
    preview.changed();
  });
  form.addEventListener('input', () => preview.changed());
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      const apply = need<HTMLButtonElement>('#apply');
      form.requestSubmit(apply.hidden ? need<HTMLButtonElement>('#request-approval') : apply);
    } else if (event.key === 'Enter' && event.target instanceof HTMLInputElement) {
      event.preventDefault(); // not by accident
    }
  });
  form.addEventListener('submit', (event) => {
    if (event.submitter?.getAttribute('aria-disabled') === 'true') {
      event.preventDefault();
    }
  });
  preview.changed();
  await kinds[form.dataset.kind ?? '']?.();
  form.dataset.ready = '';
}

// -- moving

async function mountMove(form: HTMLFormElement, config: Config, preview: PreviewPanel): Promise<void> {
  const source = need<HTMLSelectElement>('#source', form);
  const target = need<HTMLSelectElement>('#target', form);
  const hint = need('#hint', form);
  const name = (id: string): string => config.elements?.[id]?.name ?? id;
  const diagram = await Diagram.draw(need('#diagram'), config.xml ?? '');
  mountZoom(need('.ft-diagram-frame', form), diagram);
  diagram.showFigures({ elements: config.figures ?? {}, flows: [] });

  function show(): void {
    const why = config.targets?.[source.value] ?? {};
    for (const option of target.options) {
      option.disabled = Boolean(why[option.value]);
      option.title = why[option.value] ?? '';
    }
    diagram.select(source.value || null);
    diagram.mark('is-target', target.value ? [target.value] : []);
    diagram.mark(
      'is-possible',
      source.value
        ? diagram.nodes().filter((id) => why[id] === '')
        : diagram.nodes().filter((id) => config.elements?.[id]?.whySource === ''),
    );
    hint.textContent = !source.value
      ? T.source
      : !target.value
        ? T.target(name(source.value))
        : T.move(name(source.value), name(target.value));
  }

  diagram.onSelect = (id) => {
    if (!id || id === source.value) {
      source.value = '';
    } else if (!source.value) {
      const why = config.elements?.[id]?.whySource ?? T.immovable;
      if (why) {
        hint.textContent = why;
        return;
      }
      source.value = id;
    } else {
      const why = config.targets?.[source.value]?.[id] ?? '';
      if (why) {
        hint.textContent = why;
        return;
      }
      target.value = target.value === id ? '' : id;
    }
    show();
    preview.changed();
  };
  form.addEventListener('change', show);
  show();
}

// -- restarting

async function mountRestart(form: HTMLFormElement, config: Config, preview: PreviewPanel): Promise<void> {
  const boxes = [...form.querySelectorAll<HTMLInputElement>('input[name="element"]')];
  const diagram = await Diagram.draw(need('#diagram'), config.xml ?? '');
  mountZoom(need('.ft-diagram-frame', form), diagram);
  diagram.showFigures({ elements: config.figures ?? {}, flows: [] });
  const show = (): void => {
    diagram.mark(
      'is-target',
      boxes.filter((box) => box.checked).map((box) => box.value),
    );
    diagram.mark(
      'is-possible',
      boxes.map((box) => box.value),
    );
  };
  diagram.onSelect = (id) => {
    const box = boxes.find((each) => each.value === id);
    if (box) {
      box.checked = !box.checked;
      show();
      preview.changed();
    }
  };
  form.addEventListener('change', show);
  show();
}

// -- editing variables

function mountVariables(form: HTMLFormElement, preview: PreviewPanel): void {
  const table = need('#edits tbody', form);
  const pattern = table.querySelector<HTMLElement>('[data-edit]')!.cloneNode(true) as HTMLElement;
  const show = (): void => {
    for (const row of table.querySelectorAll<HTMLElement>('[data-edit]')) {
      const isDelete = need<HTMLSelectElement>('[name="kind"]', row).value === 'delete';
      need<HTMLTextAreaElement>('[name="value"]', row).readOnly = isDelete;
      row.classList.toggle('ft-subtle', isDelete);
    }
  };
  need('#add-edit', form).addEventListener('click', () => {
    const row = pattern.cloneNode(true) as HTMLElement;
    row.querySelectorAll<HTMLInputElement>('input, textarea').forEach((field) => (field.value = ''));
    table.append(row);
    need('[name="name"]', row).focus();
  });
  table.addEventListener('click', (event) => {
    if ((event.target as HTMLElement).closest('[data-remove]') && table.children.length > 1) {
      (event.target as HTMLElement).closest('tr')?.remove();
      preview.changed();
    }
  });
  form.addEventListener('change', show);
  show();
  need<HTMLInputElement>('[name="name"]', table).focus();
}

// -- migrating

async function mountMigrate(form: HTMLFormElement, config: Config, preview: PreviewPanel): Promise<void> {
  const rows = [...form.querySelectorAll<HTMLElement>('[data-source]')];
  const drawn = (id: string): string => id.split('#')[0] ?? id;
  preview.onShow = (answer) => {
    for (const row of rows) {
      const failures = answer.rows?.[row.dataset.source ?? ''] ?? [];
      const place = need('[data-failures]', row);
      place.textContent = failures.join(' ');
      place.hidden = failures.length === 0;
      if (failures.length) {
        row.closest('details')?.setAttribute('open', '');
      }
    }
  };
  const [from, to] = await Promise.all([
    Diagram.draw(need('#diagram'), config.xml ?? ''),
    Diagram.draw(need('#target-diagram'), config.target ?? ''),
  ]);
  from.showFigures({ elements: config.figures ?? {}, flows: [] });
  const point = (row: HTMLElement | undefined): void => {
    rows.forEach((each) => each.classList.toggle('is-current', each === row));
    from.select(row ? drawn(row.dataset.source ?? '') : null);
    to.select(row ? drawn(row.querySelector('select')?.value ?? '') || null : null);
  };
  from.onSelect = (id) => {
    const row = rows.find((each) => drawn(each.dataset.source ?? '') === id);
    row?.closest('details')?.setAttribute('open', '');
    row?.scrollIntoView({ block: 'nearest' });
    point(row);
  };
  to.onSelect = (id) => point(rows.find((each) => drawn(each.querySelector('select')?.value ?? '') === id));
  form.addEventListener('focusin', (event) => {
    const row = (event.target as HTMLElement).closest<HTMLElement>('[data-source]');
    if (row) {
      point(row);
    }
  });
}
