/* The diagram by keyboard: one stop for Tab, arrows from element to element, along sequence flows where there are any. */

import type { Diagram, Figures, Shape } from './diagram';
import { shortcuts } from './shortcuts';
import { texts } from './texts';

const T = texts({
  en: {
    diagram: 'Diagram: arrow keys go from element to element, Enter selects, Escape leaves; plus, minus and zero zoom',
    running: (count: number) => `${count} running`,
    incidents: (count: number) => `${count} with an incident`,
    completed: (count: number) => `${count} completed`,
    canceled: (count: number) => `${count} canceled`,
    types: {
      StartEvent: 'start event',
      EndEvent: 'end event',
      IntermediateCatchEvent: 'catching event',
      IntermediateThrowEvent: 'throwing event',
      BoundaryEvent: 'boundary event',
      Task: 'task',
      UserTask: 'user task',
      ServiceTask: 'service task',
      ScriptTask: 'script task',
      SendTask: 'send task',
      ReceiveTask: 'receive task',
      ManualTask: 'manual task',
      BusinessRuleTask: 'business rule task',
      CallActivity: 'call activity',
      SubProcess: 'sub-process',
      AdHocSubProcess: 'ad-hoc sub-process',
      Transaction: 'transaction',
      ExclusiveGateway: 'exclusive gateway',
      ParallelGateway: 'parallel gateway',
      InclusiveGateway: 'inclusive gateway',
      EventBasedGateway: 'event-based gateway',
      ComplexGateway: 'complex gateway',
    },
  },
  de: {
    diagram:
      'Diagramm: Pfeiltasten gehen von Element zu Element, Eingabe wählt aus, Esc verlässt; Plus, Minus und Null zoomen',
    running: (count) => `${count} laufend`,
    incidents: (count) => `${count} mit Vorfall`,
    completed: (count) => `${count} abgeschlossen`,
    canceled: (count) => `${count} abgebrochen`,
    types: {
      StartEvent: 'Startereignis',
      EndEvent: 'Endereignis',
      IntermediateCatchEvent: 'eintretendes Ereignis',
      IntermediateThrowEvent: 'ausgelöstes Ereignis',
      BoundaryEvent: 'angeheftetes Ereignis',
      Task: 'Aufgabe',
      UserTask: 'Benutzeraufgabe',
      ServiceTask: 'Service-Aufgabe',
      ScriptTask: 'Skript-Aufgabe',
      SendTask: 'Sende-Aufgabe',
      ReceiveTask: 'Empfangs-Aufgabe',
      ManualTask: 'manuelle Aufgabe',
      BusinessRuleTask: 'Geschäftsregel-Aufgabe',
      CallActivity: 'Aufrufaktivität',
      SubProcess: 'Unterprozess',
      AdHocSubProcess: 'Ad-hoc-Unterprozess',
      Transaction: 'Transaktion',
      ExclusiveGateway: 'exklusives Gateway',
      ParallelGateway: 'paralleles Gateway',
      InclusiveGateway: 'inklusives Gateway',
      EventBasedGateway: 'ereignisbasiertes Gateway',
      ComplexGateway: 'komplexes Gateway',
    },
  },
});

const KEYS = texts({
  en: { move: 'From element to element', choose: 'Select the element', leave: 'Leave', zoom: 'Zoom in, out, fit' },
  de: {
    move: 'Von Element zu Element',
    choose: 'Element auswählen',
    leave: 'Verlassen',
    zoom: 'Größer, kleiner, einpassen',
  },
});
const isDrawn = (): boolean => document.querySelector('.djs-container')?.checkVisibility() ?? false;
shortcuts(
  'diagram',
  { keys: 'ArrowLeft|ArrowRight|ArrowUp|ArrowDown', label: KEYS.move, when: isDrawn },
  { keys: 'Enter', label: KEYS.choose, when: isDrawn },
  { keys: 'Escape', label: KEYS.leave, when: isDrawn },
  { keys: '+|-|0', label: KEYS.zoom, when: isDrawn },
);

const ZOOM = 1.25;
/** How much more a step to the side counts than one ahead. */
const ASIDE = 2;

type Direction = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown';

export class Keys {
  private now: string;
  private readonly order: string[];

  constructor(
    private readonly container: HTMLElement,
    private readonly diagram: Diagram,
  ) {
    this.order = diagram.nodes().sort((one, other) => this.compare(one, other));
    this.now = this.order[0] ?? '';
    const picture = container.querySelector('svg');
    picture?.setAttribute('role', 'listbox');
    picture?.setAttribute('aria-label', T.diagram);
    picture?.setAttribute('tabindex', '-1');
    container.addEventListener('keydown', (event) => this.key(event));
    for (const id of this.order) {
      const graphics = diagram.graphics(id);
      graphics.setAttribute('role', 'option');
      graphics.setAttribute('aria-selected', 'false');
      graphics.setAttribute('focusable', 'true');
      graphics.addEventListener('focus', () => this.arrived(id));
    }
    this.label({});
    this.reachable();
  }

  /** In the order in which one reads: by columns, then from above. */
  private compare(one: string, other: string): number {
    const [a, b] = [this.diagram.shape(one), this.diagram.shape(other)];
    return (a?.x ?? 0) - (b?.x ?? 0) || (a?.y ?? 0) - (b?.y ?? 0);
  }

  /** Say of each element what it is and what stands there. */
  label(figures: Record<string, Figures>): void {
    for (const id of this.order) {
      const shape = this.diagram.shape(id);
      const { active = 0, incidents = 0, completed = 0, canceled = 0 } = figures[id] ?? {};
      const kind = shape?.type.replace(/^.*:/, '') ?? '';
      const parts = [
        shape?.businessObject?.name?.replace(/\s+/g, ' ') || id,
        (T.types as Record<string, string>)[kind] ?? kind,
        active ? T.running(active) : '',
        incidents ? T.incidents(incidents) : '',
        completed ? T.completed(completed) : '',
        canceled ? T.canceled(canceled) : '',
      ];
      this.diagram.graphics(id).setAttribute('aria-label', parts.filter(Boolean).join(', '));
      if (active && (!figures[this.now]?.active || shape?.parent?.id === this.now) && !this.isInside()) {
        this.now = id; // where the tokens are one wants to be first, at the innermost element
        this.reachable();
      }
    }
  }

  selected(id: string | null): void {
    for (const each of this.order) {
      this.diagram.graphics(each).setAttribute('aria-selected', String(each === id));
    }
    if (id && this.order.includes(id) && !this.isInside()) {
      this.now = id;
      this.reachable();
    }
  }

  focus(id: string): void {
    if (this.order.includes(id)) {
      this.now = id;
      this.reachable();
      this.diagram.show(id);
      this.diagram.graphics(id).focus({ preventScroll: true });
    }
  }

  private isInside(): boolean {
    return document.activeElement !== this.container && this.container.contains(document.activeElement);
  }

  private reachable(): void {
    for (const id of this.order) {
      this.diagram.graphics(id).setAttribute('tabindex', id === this.now ? '0' : '-1');
    }
  }

  private arrived(id: string): void {
    this.now = id;
    this.reachable();
    this.diagram.show(id);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || this.didZoom(event.key)) {
      if (!event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        event.stopPropagation();
      }
      return;
    }
    if (!this.isInside()) {
      return;
    }
    if (event.key === 'Escape') {
      this.diagram.chosen ? this.diagram.onSelect(null) : this.container.focus({ preventScroll: true });
      return; // modification mode has its own use for it
    }
    if (event.key === 'Enter' || event.key === ' ') {
      this.diagram.onSelect(this.now === this.diagram.chosen ? null : this.now);
    } else {
      const goal = this.goal(event.key);
      if (goal === undefined) {
        return;
      }
      this.focus(goal);
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private didZoom(key: string): boolean {
    if (key === '0') {
      this.diagram.fit();
    } else if (key === '+' || key === '=') {
      this.diagram.zoom(ZOOM);
    } else if (key === '-') {
      this.diagram.zoom(1 / ZOOM);
    } else {
      return false;
    }
    return true;
  }

  /** Where a key leads; the same element where there is nothing further. */
  private goal(key: string): string | undefined {
    const position = this.order.indexOf(this.now);
    switch (key) {
      case 'Home':
        return this.order[0];
      case 'End':
        return this.order.at(-1);
      case 'PageDown':
        return this.order[Math.min(position + 1, this.order.length - 1)];
      case 'PageUp':
        return this.order[Math.max(position - 1, 0)];
      case 'ArrowRight':
      case 'ArrowLeft':
      case 'ArrowUp':
      case 'ArrowDown':
        return this.alongFlow(key) ?? this.inside(key) ?? this.nearest(key) ?? this.now;
    }
    return undefined;
  }

  private alongFlow(key: Direction): string | undefined {
    const shape = this.diagram.shape(this.now);
    if (!shape || (key !== 'ArrowRight' && key !== 'ArrowLeft')) {
      return undefined;
    }
    const next =
      key === 'ArrowRight'
        ? (shape.outgoing ?? []).map((flow) => flow.target)
        : (shape.incoming ?? []).map((flow) => flow.source);
    const nodes = next.filter((each) => this.diagram.isNode(each.id));
    return nodes.sort((one, other) => distance(shape, one) - distance(shape, other))[0]?.id;
  }

  /** Down into a sub-process, up out of it. */
  private inside(key: Direction): string | undefined {
    if (key === 'ArrowDown') {
      return this.order.find((id) => this.diagram.shape(id)?.parent?.id === this.now);
    }
    const shape = this.diagram.shape(this.now);
    if (key === 'ArrowUp' && shape?.parent && this.diagram.isNode(shape.parent.id) && !this.nearest(key)) {
      return shape.parent.id;
    }
    return undefined;
  }

  private nearest(key: Direction): string | undefined {
    const from = this.diagram.shape(this.now);
    if (!from) {
      return undefined;
    }
    const [x, y] = middle(from);
    let best: string | undefined;
    let least = Infinity;
    for (const id of this.order) {
      const to = this.diagram.shape(id);
      if (!to || id === this.now || to.parent !== from.parent) {
        continue;
      }
      const [right, down] = [middle(to)[0] - x, middle(to)[1] - y];
      const ahead = { ArrowRight: right, ArrowLeft: -right, ArrowDown: down, ArrowUp: -down }[key];
      const aside = Math.abs(key === 'ArrowRight' || key === 'ArrowLeft' ? down : right);
      const cost = ahead + ASIDE * aside;
      if (ahead > 1 && cost < least) {
        [best, least] = [id, cost];
      }
    }
    return best;
  }
}

function middle(shape: Shape): [number, number] {
  return [shape.x + shape.width / 2, shape.y + shape.height / 2];
}

function distance(one: Shape, other: Shape): number {
  const [a, b] = [middle(one), middle(other)];
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}
