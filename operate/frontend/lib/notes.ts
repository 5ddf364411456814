/* Notes: forms that are sent without leaving the page. What is being written is not replaced by a refresh. */

import { toast } from './dom';
import { postForm, Refused } from './http';
import type { Panels, PanelState } from './panels';

type Field = HTMLTextAreaElement | HTMLSelectElement | HTMLInputElement;

function isChanged(field: Field): boolean {
  if (field instanceof HTMLSelectElement) {
    const usual = [...field.options].findIndex((each) => each.defaultSelected);
    return field.selectedIndex !== Math.max(usual, 0);
  }
  return field instanceof HTMLInputElement && field.type === 'checkbox'
    ? field.checked !== field.defaultChecked
    : field.value !== field.defaultValue;
}

export class Notes {
  constructor(
    private readonly place: HTMLElement,
    private readonly panels: Panels,
  ) {
    place.addEventListener('input', () => this.compare());
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

  /** What was begun and taken back again keeps nothing from being shown. */
  private compare(): void {
    if ([...this.place.querySelectorAll<Field>('textarea, select, input')].some(isChanged)) {
      this.place.dataset.unsaved = '';
    } else {
      delete this.place.dataset.unsaved;
    }
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
