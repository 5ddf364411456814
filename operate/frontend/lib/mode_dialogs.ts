/* What the modification mode asks before it begins, and before a plan is lost sight of. One level deep, and closed by Escape. */

import { h, icon } from './dom';
import { texts } from './texts';

const T = texts({
  en: {
    title: 'Modification mode',
    intro:
      'Plan changes of the tokens and variables of this process instance, see what they would do, and apply them together.',
    add: 'Add',
    addWhat: 'a token at an element',
    cancel: 'Cancel',
    cancelWhat: 'one or all of the running instances of an element',
    move: 'Move',
    moveWhat: 'running instances to another element',
    variables:
      'Variables are changed in the panel beside the history: select a scope that runs, or one that is planned.',
    many: 'Have many instances taken the wrong branch?',
    batch: 'Move them together',
    again: 'Don’t show this again',
    stop: 'Cancel',
    go: 'Continue',
    discard: 'Discard modifications',
    discarding: (count: number) => `All ${count} planned modifications will be discarded.`,
    discardOne: 'The planned modification will be discarded.',
    discardNow: 'Discard',
    leave: 'Leave modification mode',
    leaving: 'The plan is not applied. This browser keeps it until you come back, unless you discard it now.',
    stay: 'Stay',
    leaveNow: 'Leave and keep the plan',
    leaveWithout: 'Discard and leave',
  },
  de: {
    title: 'Änderungsmodus',
    intro:
      'Änderungen an Token und Variablen dieser Prozessinstanz planen, sehen, was sie bewirken, und gemeinsam anwenden.',
    add: 'Hinzufügen',
    addWhat: 'ein Token an einem Element',
    cancel: 'Abbrechen',
    cancelWhat: 'eine oder alle laufenden Instanzen eines Elements',
    move: 'Verschieben',
    moveWhat: 'laufende Instanzen zu einem anderen Element',
    variables: 'Variablen werden neben dem Verlauf geändert: Wählen Sie einen Scope, der läuft oder geplant ist.',
    many: 'Haben viele Instanzen den falschen Weg genommen?',
    batch: 'Gemeinsam verschieben',
    again: 'Nicht mehr anzeigen',
    stop: 'Abbrechen',
    go: 'Weiter',
    discard: 'Änderungen verwerfen',
    discarding: (count) => `Alle ${count} geplanten Änderungen werden verworfen.`,
    discardOne: 'Die geplante Änderung wird verworfen.',
    discardNow: 'Verwerfen',
    leave: 'Änderungsmodus verlassen',
    leaving:
      'Der Plan ist nicht angewendet. Dieser Browser behält ihn, bis Sie zurückkommen, es sei denn, Sie verwerfen ihn jetzt.',
    stay: 'Bleiben',
    leaveNow: 'Verlassen, Plan behalten',
    leaveWithout: 'Verwerfen und verlassen',
  },
});

const KNOWN = 'fettle.modeKnown';

interface Answer {
  value: string;
  label: string;
  kind?: 'primary' | 'danger' | 'plain';
}

/** Ask, and answer with the value of the button; an empty one if the dialog was closed. The last button has the focus. */
function ask(title: string, content: (Node | string)[], answers: Answer[]): Promise<string> {
  const dialog = h('dialog', { class: 'ft-dialog', 'aria-labelledby': 'mode-dialog-title', id: 'mode-dialog' });
  const buttons = answers.map(({ value, label, kind = 'plain' }) =>
    h('button', { type: 'button', class: `ft-button ft-button-${kind}`, onclick: () => dialog.close(value) }, label),
  );
  dialog.append(
    h('header', { class: 'ft-dialog-header' }, h('h2', { id: 'mode-dialog-title' }, title)),
    h('div', { class: 'ft-dialog-body' }, ...content),
    h('footer', { class: 'ft-dialog-footer' }, ...buttons),
  );
  document.body.append(dialog);
  dialog.showModal();
  buttons.at(-1)?.focus();
  return new Promise((resolve) =>
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue);
    }),
  );
}

/** Tell what the mode is for, until somebody knows; true to go on. `batch` is where many instances are moved together. */
export async function introduce(batch: string): Promise<boolean> {
  if (localStorage.getItem(KNOWN)) {
    return true;
  }
  const again = h('input', { type: 'checkbox', id: 'mode-known' });
  const line = (sign: string, word: string, what: string): HTMLElement =>
    h('li', {}, icon(sign), h('b', {}, word), ` ${what}`);
  const answer = await ask(
    T.title,
    [
      h('p', {}, T.intro),
      h(
        'ul',
        { class: 'ft-mode-intro' },
        line('add_circle', T.add, T.addWhat),
        line('block', T.cancel, T.cancelWhat),
        line('arrow_forward', T.move, T.moveWhat),
      ),
      h('p', {}, T.variables),
      h('p', {}, `${T.many} `, h('a', { href: batch }, T.batch)),
      h('label', { class: 'ft-check-line', for: 'mode-known' }, again, T.again),
    ],
    [
      { value: '', label: T.stop },
      { value: 'go', label: T.go, kind: 'primary' },
    ],
  );
  if (answer && again.checked) {
    localStorage.setItem(KNOWN, '1');
  }
  return answer === 'go';
}

/** Whether the plan shall be given up. */
export async function mayDiscard(count: number): Promise<boolean> {
  const text = count === 1 ? T.discardOne : T.discarding(count);
  const answers: Answer[] = [
    { value: '', label: T.stop },
    { value: 'discard', label: T.discardNow, kind: 'danger' },
  ];
  return (await ask(T.discard, [h('p', {}, text)], answers)) === 'discard';
}

/** What shall become of the plan of somebody who is about to leave. */
export async function onLeaving(): Promise<'stay' | 'keep' | 'discard'> {
  const answers: Answer[] = [
    { value: 'discard', label: T.leaveWithout, kind: 'danger' },
    { value: 'keep', label: T.leaveNow },
    { value: '', label: T.stay, kind: 'primary' },
  ];
  return ((await ask(T.leave, [h('p', {}, T.leaving)], answers)) || 'stay') as 'stay' | 'keep' | 'discard';
}
