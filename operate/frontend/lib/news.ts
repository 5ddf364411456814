/* What others have changed since the page was opened, in one sentence each. What is being edited is not touched. */

import { h, icon, toast } from './dom';
import { Refused } from './http';
import type { Panels } from './panels';
import type { Change } from './presence';
import { LANGUAGE, texts } from './texts';

const T = texts({
  en: {
    itself: 'The process instance has gone on by itself',
    more: (number: number) => `${number} earlier`,
    planning: 'Your plan is from before.',
    editing: 'What you are editing stays; saving compares it with this.',
    check: 'Check again',
    show: 'Show the changes',
    close: 'Close',
  },
  de: {
    itself: 'Die Prozessinstanz ist von selbst weitergelaufen',
    more: (number) => `${number} frühere`,
    planning: 'Ihr Plan ist von vorher.',
    editing: 'Was Sie bearbeiten, bleibt; beim Speichern wird es damit verglichen.',
    check: 'Erneut prüfen',
    show: 'Änderungen zeigen',
    close: 'Schließen',
  },
});

const SHOWN = 3;
const AGO_MS = 5_000;
/** What the page shows already is told for so long. */
const READ_MS = 300_000;

export interface Busy {
  /** Whether a plan is being made. */
  isPlanning(): boolean;
  /** Whether something is being written. */
  isEditing(): boolean;
  /** Show the present state, and leave alone what is being written. */
  refresh(): Promise<void>;
  /** Try the plan on what is there now. */
  checkAgain(): Promise<void>;
}

export class News {
  private changes: Change[] = [];
  /** What the page shows is not what was told of. */
  private isBehind = false;

  constructor(
    private readonly place: HTMLElement,
    private readonly panels: Panels,
    private readonly busy: Busy,
  ) {
    setInterval(() => this.tellAges(), AGO_MS);
  }

  /** Others have done something, or it has gone on by itself; the page shows that at once, unless a plan is being made. */
  add(changes: Change[]): void {
    this.changes.push(...changes);
    void this.catchUp();
    if (this.changes.length || this.busy.isPlanning() || this.busy.isEditing()) {
      this.draw();
    }
  }

  /** All of it is shown, and looked at. */
  clear(): void {
    this.changes = [];
    this.place.hidden = true;
    this.place.replaceChildren();
  }

  /** Show what is there now; what could not be loaded is tried again with the next look at the ages. */
  private async catchUp(): Promise<void> {
    this.isBehind = !this.busy.isPlanning();
    if (this.isBehind) {
      this.isBehind = await this.busy.refresh().then(
        () => false,
        () => true,
      );
    }
  }

  private draw(): void {
    const told = this.changes.slice(-SHOWN).reverse();
    const earlier = this.changes.length - told.length;
    const planning = this.busy.isPlanning();
    const editing = this.busy.isEditing();
    const parts = [
      icon('update'),
      h(
        'ul',
        { class: 'ft-news-list' },
        ...told.map(({ at, text }) =>
          h('li', {}, `${text}, `, h('span', { class: 'ft-subtle', 'data-ago': at }, ago(at))),
        ),
        told.length ? null : h('li', {}, T.itself),
        earlier ? h('li', { class: 'ft-subtle' }, T.more(earlier)) : null,
      ),
      planning || editing ? h('span', { class: 'ft-subtle' }, planning ? T.planning : T.editing) : null,
      planning ? button(T.check, () => this.done(this.busy.checkAgain())) : null,
      planning ? button(T.show, () => this.panels.load()) : null,
      !planning && editing ? button(T.show, () => this.done(this.busy.refresh())) : null,
      h(
        'button',
        { type: 'button', class: 'ft-icon-button', 'aria-label': T.close, title: T.close, onclick: () => this.clear() },
        icon('close'),
      ),
    ];
    this.place.replaceChildren(...parts.filter((each) => each !== null));
    this.place.hidden = false;
  }

  private async done(work: Promise<void>): Promise<void> {
    try {
      await work;
      this.clear();
    } catch (error) {
      toast(error instanceof Refused ? error.message : String(error), 'error');
    }
  }

  private tellAges(): void {
    if (this.isBehind) {
      void this.catchUp();
    }
    const newest = this.changes.at(-1);
    if (newest && !this.busy.isPlanning() && Date.now() - new Date(newest.at).getTime() > READ_MS) {
      this.clear();
    }
    for (const each of this.place.querySelectorAll<HTMLElement>('[data-ago]')) {
      each.textContent = ago(each.dataset.ago ?? '');
    }
  }
}

function button(label: string, act: () => Promise<void>): HTMLElement {
  return h('button', { type: 'button', class: 'ft-button ft-button-small', onclick: () => void act() }, label);
}

const FORMAT = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: 'always', style: 'short' });

function ago(at: string): string {
  const seconds = Math.max(0, Math.round((Date.now() - new Date(at).getTime()) / 1000));
  return seconds < 90 ? FORMAT.format(-seconds, 'second') : FORMAT.format(-Math.round(seconds / 60), 'minute');
}
