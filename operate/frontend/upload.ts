/* The upload form: drop files, and see at once whose semantics they ask for, and what is wrong with them, on the diagram. */

import { Diagram } from './lib/diagram';
import { h, need } from './lib/dom';
import { postForm, Refused } from './lib/http';
import { counted, texts } from './lib/texts';

const T = texts({
  en: {
    choose: (reason: string) => `choose the semantics: ${reason}`,
    problems: (count: number) => ` – ${counted(count, 'problem', 'problems')}`,
    line: (line: number) => ` (line ${line})`,
  },
  de: {
    choose: (reason) => `Semantik wählen: ${reason}`,
    problems: (count) => ` – ${counted(count, 'Problem', 'Probleme')}`,
    line: (line) => ` (Zeile ${line})`,
  },
});

interface Problem {
  line: number;
  element: string;
  message: string;
}

interface Detected {
  semantics: string;
  label: string;
  reason: string;
  ambiguous: boolean;
  problems?: Problem[];
}

const form = document.querySelector<HTMLFormElement>('#upload');
if (form) {
  const files = need<HTMLInputElement>('#id_files', form);
  const semantics = need<HTMLSelectElement>('#id_semantics', form);
  const drop = need('#drop', form);
  const list = need('#detected', form);
  const preview = need('#upload-preview');

  files.addEventListener('change', () => void detect());
  semantics.addEventListener('change', () => void detect(true));
  for (const kind of ['dragover', 'dragleave', 'drop'] as const) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle('is-over', kind === 'dragover');
    });
  }
  drop.addEventListener('drop', (event) => {
    if (event.dataTransfer?.files.length) {
      files.files = event.dataTransfer.files;
      void detect();
    }
  });

  async function detect(isChosen = false): Promise<void> {
    const found: Detected[] = [];
    list.replaceChildren();
    preview.replaceChildren();
    for (const file of files.files ?? []) {
      const body = new FormData();
      body.append('file', file);
      body.append('semantics', isChosen ? semantics.value : '');
      try {
        const each = await postForm<Detected>(form!.dataset.detect ?? '', body);
        found.push(each);
        const says = each.semantics
          ? `${each.label} (${each.reason})`
          : each.ambiguous
            ? T.choose(each.reason)
            : each.reason;
        const problems = each.problems ?? [];
        const wrong = problems.length ? T.problems(problems.length) : '';
        list.append(h('li', { class: wrong ? 'ft-error' : null }, h('strong', {}, file.name), ` ${says}${wrong}`));
        await showModel(file, problems);
      } catch (error) {
        list.append(
          h('li', { class: 'ft-error' }, `${file.name}: ${error instanceof Refused ? error.message : String(error)}`),
        );
      }
    }
    const kinds = new Set(found.map((each) => each.semantics));
    if (!isChosen) {
      semantics.value = kinds.size === 1 ? ([...kinds][0] ?? '') : '';
    }
  }

  /** The model as it is drawn, with what is wrong at its elements; a file that cannot be drawn only has the list. */
  async function showModel(file: File, problems: Problem[]): Promise<void> {
    const place = h('div', { class: 'ft-diagram' });
    const frame = h('div', { class: 'ft-diagram-frame' }, place);
    const rows = problems.map((problem) =>
      h(
        'li',
        { 'data-problem': problem.element, tabindex: problem.element ? 0 : null },
        problem.element ? h('code', {}, problem.element) : null,
        ` ${problem.message}${problem.line ? T.line(problem.line) : ''}`,
      ),
    );
    preview.append(
      h(
        'section',
        { class: 'ft-upload-model' },
        h('h2', { class: 'ft-subheading' }, file.name),
        frame,
        h('ul', {}, ...rows),
      ),
    );
    const url = URL.createObjectURL(file);
    try {
      const diagram = await Diagram.draw(place, url);
      diagram.mark(
        'has-incident',
        problems.map((problem) => problem.element),
      );
      const choose = (element: string | null): void => {
        diagram.select(element, true);
        rows.forEach((row) => row.classList.toggle('is-current', row.dataset.problem === element));
      };
      diagram.onSelect = choose;
      rows.forEach((row) => row.addEventListener('click', () => choose(row.dataset.problem ?? null)));
    } catch {
      frame.remove();
    } finally {
      URL.revokeObjectURL(url);
    }
  }
}
