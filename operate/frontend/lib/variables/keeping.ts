/* An edit of variables that is not saved but kept: as a draft, with the request for an approval, or past the policy that demands one. */

import { type Approval, asDraft, Drafting } from '../drafting';
import { h } from '../dom';
import { texts } from '../texts';
import type { Edit } from './api';

const T = texts({
  en: {
    needed: 'This needs an approval',
    draft: 'Keep the edit as a draft',
    lead: 'The edit is kept with what it would do, for others to look at, comment on and approve. Nothing is changed yet.',
    back: 'Keep editing',
    set: (names: string) => `Set ${names}`,
    remove: (names: string) => `Delete ${names}`,
  },
  de: {
    needed: 'Das braucht eine Freigabe',
    draft: 'Die Änderung als Entwurf aufheben',
    lead: 'Die Änderung wird mit dem aufgehoben, was sie täte, damit andere sie ansehen, kommentieren und freigeben. Noch ist nichts geändert.',
    back: 'Weiter bearbeiten',
    set: (names) => `${names} setzen`,
    remove: (names) => `${names} löschen`,
  },
});

/** Ask how; resolves with the edit as it is to be sent then, or null if the person wants to go on editing. */
export function askToKeep(
  dialog: HTMLDialogElement,
  edit: Edit,
  approval: Approval | null,
  title = titleOf(edit),
): Promise<Edit | null> {
  return new Promise((done) => {
    let answer: Edit | null = null;
    const finish = async (more: Partial<Edit>): Promise<void> => {
      answer = { ...edit, ...more };
      dialog.close();
    };
    const drafting = new Drafting({
      suggestTitle: () => title,
      keep: (draft) => finish({ draft }),
      applyAnyway: (glass) => finish({ glass }),
    });
    drafting.needs(approval);
    dialog.replaceChildren(
      h(
        'header',
        { class: 'ft-dialog-header' },
        h('h2', { id: 'ask-title' }, approval ? T.needed : T.draft),
        h('p', { class: 'ft-subtle' }, T.lead),
      ),
      h('div', { class: 'ft-dialog-body' }, drafting.element),
      h(
        'footer',
        { class: 'ft-dialog-footer' },
        h('span', { class: 'ft-grow' }),
        h('button', { type: 'button', class: 'ft-button ft-button-plain', onclick: () => dialog.close() }, T.back),
        approval
          ? h(
              'button',
              {
                type: 'button',
                class: 'ft-button ft-button-primary',
                id: 'draft-ask',
                onclick: () => void drafting.keep(true),
              },
              asDraft.request,
            )
          : null,
      ),
    );
    dialog.onkeydown = null;
    dialog.addEventListener('close', () => done(answer), { once: true });
    dialog.showModal();
    drafting.show();
  });
}

function titleOf({ set, delete: removed }: Edit): string {
  const names = Object.keys(set);
  const parts = [names.length ? T.set(names.join(', ')) : '', removed.length ? T.remove(removed.join(', ')) : ''];
  return parts.filter(Boolean).join(', ').slice(0, 200);
}
