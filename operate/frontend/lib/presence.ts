/*
 * Who else is at this process instance, and what others have changed since the page was opened: one request every some
 * seconds for both, as long as somebody looks, and a word when the page is left.
 */

import { h, need } from './dom';
import { csrfToken, postForm, Refused } from './http';
import { LANGUAGE, texts } from './texts';

export type Doing = 'LOOKING' | 'NOTE' | 'TASK' | 'VARIABLES' | 'MODIFYING';
interface Other {
  name: string;
  initials: string;
  doing: Doing;
  since: string;
}
export interface Change {
  at: string;
  text: string;
}
interface Answer {
  people: Other[];
  revision: string;
  newest: string;
  changes: Change[];
}

const T = texts({
  en: {
    LOOKING: (who: string, since: string) => `${who} is looking at this since ${since}`,
    NOTE: (who: string, since: string) => `${who} is writing a note since ${since}`,
    TASK: (who: string, since: string) => `${who} is at a task of this since ${since}`,
    VARIABLES: (who: string, since: string) => `${who} is editing variables since ${since}`,
    MODIFYING: (who: string, since: string) => `${who} is planning a modification since ${since}`,
  },
  de: {
    LOOKING: (who, since) => `${who} sieht sich das seit ${since} an`,
    NOTE: (who, since) => `${who} schreibt seit ${since} eine Notiz`,
    TASK: (who, since) => `${who} ist seit ${since} an einer Aufgabe dazu`,
    VARIABLES: (who, since) => `${who} bearbeitet seit ${since} Variablen`,
    MODIFYING: (who, since) => `${who} plant seit ${since} eine Modifikation`,
  },
});

const BEAT_MS = 15_000;
const LOOK_MS = 1_000;

export class Presence {
  /** Others have changed something that the page does not know of; or it has gone on by itself, without a change told. */
  onNews: (changes: Change[], revision: string) => void = () => {};
  private readonly window = [...crypto.getRandomValues(new Uint32Array(4))].map((each) => each.toString(36)).join('');
  private newest: string;
  private told: Doing = 'LOOKING';
  private last = -Infinity;
  /** One request at a time: of two answers the later one might be from before. */
  private isAsking = false;
  private isWanted = false;
  private isOver = false;

  constructor(
    private readonly place: HTMLElement,
    private readonly address: string,
    private readonly doing: () => Doing,
    /** The revision that the page shows; empty where that does not matter. */
    public revision = '',
  ) {
    this.newest = place.dataset.newest ?? '';
  }

  start(): void {
    void this.beat();
    setInterval(() => {
      if (this.doing() !== this.told || performance.now() - this.last > BEAT_MS) {
        void this.beat();
      }
    }, LOOK_MS);
    addEventListener('focus', () => void this.beat());
    document.addEventListener('visibilitychange', () => void this.beat());
    addEventListener('pagehide', () => this.leave());
    addEventListener('pageshow', (event) => void (event.persisted && this.beat()));
  }

  private async beat(): Promise<void> {
    if (this.isOver || document.visibilityState !== 'visible') {
      return;
    }
    if (this.isAsking) {
      this.isWanted = true;
      return;
    }
    this.isAsking = true;
    do {
      this.isWanted = false;
      await this.ask();
    } while (this.isWanted && !this.isOver);
    this.isAsking = false;
  }

  private async ask(): Promise<void> {
    this.told = this.doing();
    this.last = performance.now();
    try {
      this.heard(await postForm<Answer>(this.address, this.form({ doing: this.told, after: this.newest })));
    } catch (error) {
      if (error instanceof Refused && error.status < 500) {
        this.isOver = true;
        this.show([]);
      }
    }
  }

  private heard(answer: Answer): void {
    const hasMoved = this.revision !== '' && answer.revision !== this.revision;
    this.newest = answer.newest;
    this.revision = answer.revision;
    this.show(answer.people);
    if (hasMoved || answer.changes.length) {
      this.onNews(answer.changes, answer.revision);
    }
  }

  private leave(): void {
    navigator.sendBeacon(this.address, this.form({ left: '1', csrfmiddlewaretoken: csrfToken() }));
  }

  private form(values: Record<string, string>): FormData {
    const form = new FormData();
    for (const [name, value] of Object.entries({ window: this.window, ...values })) {
      form.set(name, value);
    }
    return form;
  }

  private show(people: Other[]): void {
    this.place.replaceChildren(...people.map((each) => chip(each)));
    this.place.hidden = people.length === 0;
  }
}

function chip({ name, initials, doing, since }: Other): HTMLElement {
  const text = T[doing](
    name,
    new Date(since).toLocaleTimeString(LANGUAGE, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
  );
  const changes = doing === 'LOOKING' ? '' : ' is-busy';
  return h(
    'span',
    { class: `ft-person${changes}`, title: text, 'aria-label': text, role: 'img', tabindex: 0 },
    initials,
  );
}

export function mountPresence(doing: () => Doing, revision = ''): Presence {
  const place = need('[data-presence]');
  return new Presence(place, place.dataset.presence ?? '', doing, revision);
}
