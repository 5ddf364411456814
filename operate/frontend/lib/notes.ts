/* Notes: forms that are sent without leaving the page. What is being written is not replaced by a refresh. */

import { toast } from './dom';
import { postForm, Refused } from './http';
import type { Panels, PanelState } from './panels';

export class Notes {
  constructor(
    private readonly place: HTMLElement,
    private readonly panels: Panels,
  ) {
    place.addEventListener('input', () => (place.dataset.unsaved = ''));
    place.addEventListener('submit', (event) => void this.send(event));
    place.addEventListener('keydown', (event) => {
      const form = (event.target as HTMLElement).closest<HTMLFormElement>('form[data-note-form]');
      if (form && event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
  }

  get isWriting(): boolean {
    return this.place.dataset.unsaved !== undefined;
  }

  private async send(event: SubmitEvent): Promise<void> {
    const form = event.target as HTMLFormElement;
    event.preventDefault();
    const question = event.submitter?.dataset.confirm;
    if (question && !confirm(question)) {
      return;
    }
    try {
      const state = await postForm<PanelState>(form.action, new FormData(form, event.submitter));
      delete this.place.dataset.unsaved;
      form.reset();
      form.closest('details')?.removeAttribute('open');
      this.panels.show(state);
    } catch (error) {
      toast(error instanceof Refused ? error.message : String(error), 'error');
    }
  }
}
