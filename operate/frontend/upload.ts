/* The upload form: drop files, and see at once whose semantics they ask for. */

import { h, need } from './lib/dom';
import { postForm, Refused } from './lib/http';

interface Detected {
  semantics: string;
  label: string;
  reason: string;
  ambiguous: boolean;
}

const form = document.querySelector<HTMLFormElement>('#upload');
if (form) {
  const files = need<HTMLInputElement>('#id_files', form);
  const semantics = need<HTMLSelectElement>('#id_semantics', form);
  const drop = need('#drop', form);
  const list = need('#detected', form);

  files.addEventListener('change', () => void detect());
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

  async function detect(): Promise<void> {
    const found: Detected[] = [];
    list.replaceChildren();
    for (const file of files.files ?? []) {
      const body = new FormData();
      body.append('file', file);
      try {
        const each = await postForm<Detected>(form!.dataset.detect ?? '', body);
        found.push(each);
        const says = each.semantics
          ? `${each.label} (${each.reason})`
          : each.ambiguous
            ? `choose the semantics: ${each.reason}`
            : each.reason;
        list.append(h('li', {}, h('strong', {}, file.name), ` ${says}`));
      } catch (error) {
        list.append(
          h('li', { class: 'ft-error' }, `${file.name}: ${error instanceof Refused ? error.message : String(error)}`),
        );
      }
    }
    const kinds = new Set(found.map((each) => each.semantics));
    semantics.value = kinds.size === 1 ? ([...kinds][0] ?? '') : '';
  }
}
