/* A model drawn by bpmn-js, with badges for tokens, incidents and plans, and one selected element. */

import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';

import { Keys } from './diagram_keys';
import { h } from './dom';
import { texts } from './texts';

const T = texts({
  en: {
    notLoaded: (status: number) => `The model could not be loaded (status ${status}).`,
    laidOut: 'laid out automatically',
    laidOutHint: 'The model has no diagram of its own; this one was laid out automatically.',
    running: 'running',
    incident: 'with an incident',
    canceled: 'canceled',
    completed: 'completed',
    wouldPass: 'would be passed',
    wouldCome: 'would become active',
    wouldGo: 'would be terminated',
  },
  de: {
    notLoaded: (status) => `Das Modell konnte nicht geladen werden (Status ${status}).`,
    laidOut: 'automatisch angeordnet',
    laidOutHint: 'Das Modell hat kein eigenes Diagramm; dieses wurde automatisch angeordnet.',
    running: 'laufend',
    incident: 'mit Vorfall',
    canceled: 'abgebrochen',
    completed: 'abgeschlossen',
    wouldPass: 'würde durchlaufen',
    wouldCome: 'würde aktiv',
    wouldGo: 'würde beendet',
  },
});

export interface Figures {
  active?: number;
  incidents?: number;
  completed?: number;
  canceled?: number;
}

export interface DiagramState {
  revision: string;
  elements: Record<string, Figures>;
  flows: string[];
  names: Record<string, string>;
}

export interface Shape {
  id: string;
  type: string;
  x: number;
  y: number;
  width: number;
  height: number;
  waypoints?: unknown;
  parent?: Shape;
  incoming?: { source: Shape }[];
  outgoing?: { target: Shape }[];
  businessObject?: { name?: string };
}
interface Canvas {
  zoom(to: number | 'fit-viewport', center?: 'auto'): number;
  resized(): void;
  addMarker(id: string, marker: string): void;
  removeMarker(id: string, marker: string): void;
  scrollToElement(id: string, padding?: number): void;
  viewbox(): { x: number; y: number; width: number; height: number; scale: number };
  getContainer(): HTMLElement;
}
interface Overlays {
  add(
    id: string,
    kind: string,
    overlay: { position: Record<string, number>; html: HTMLElement; scale?: { min: number; max: number } },
  ): string;
  remove(filter: { type: string }): void;
}
interface Registry {
  get(id: string): Shape | undefined;
  getAll(): Shape[];
  getGraphics(id: string): SVGElement;
}
interface EventBus {
  on(event: string, listener: (event: { element: Shape; originalEvent?: MouseEvent }) => void): void;
}

/** What trying a plan has told, element by element. */
export interface Outcome {
  activated: { id: string; total: number }[];
  completed: { id: string }[];
  terminated: { id: string; total: number }[];
  warnings: { severity: string; elements: string[] }[];
}

const DRAG_PIXELS = 5;
const DIAGRAM = 'http://www.omg.org/spec/BPMN/20100524/DI';
const MAX_ZOOM = 1.4;
const MARGIN = 0.95;
const BADGE_SCALE = { min: 0.9, max: 1.2 };

function hasShapes(xml: string): boolean {
  return new DOMParser().parseFromString(xml, 'text/xml').getElementsByTagNameNS(DIAGRAM, 'BPMNShape').length > 0;
}

export class Diagram {
  onSelect: (element: string | null) => void = () => {};
  onHover: (element: string | null) => void = () => {};
  private readonly viewer: NavigatedViewer;
  private selected: string | null = null;
  private fitted = '';
  private isToBeFitted = false;
  private marked = new Map<string, Set<string>>();

  private constructor(private readonly container: HTMLElement) {
    this.viewer = new NavigatedViewer({ container });
  }

  /** Draw a model; one without shapes of its own is laid out first. */
  static async draw(container: HTMLElement, model: string | Response): Promise<Diagram> {
    const response = model instanceof Response ? model : await fetch(model);
    if (!response.ok) {
      throw new Error(T.notLoaded(response.status));
    }
    let xml = await response.text();
    const isDrawn = hasShapes(xml);
    if (!isDrawn) {
      const layout = await import('../layout'); // a script of its own, which only such models need
      xml = await layout.layoutProcess(xml);
    }
    const diagram = new Diagram(container);
    await diagram.viewer.importXML(xml);
    diagram.fit();
    diagram.listen();
    if (!isDrawn) {
      container.after(h('div', { class: 'ft-diagram-hint', title: T.laidOutHint }, T.laidOut));
    }
    return diagram;
  }

  private get canvas(): Canvas {
    return this.viewer.get('canvas');
  }
  private get registry(): Registry {
    return this.viewer.get('elementRegistry');
  }
  private get overlays(): Overlays {
    return this.viewer.get('overlays');
  }

  private listen(): void {
    const bus: EventBus = this.viewer.get('eventBus');
    bus.on('element.click', ({ element }) => {
      const id = this.isNode(element.id) ? element.id : null;
      this.onSelect(id === this.selected ? null : id);
    });
    bus.on('element.hover', ({ element }) => this.onHover(this.isNode(element.id) ? element.id : null));
    bus.on('canvas.viewbox.changed', () => this.onMove());
    this.keys = new Keys(this.container, this);
    new ResizeObserver(() => this.resized()).observe(this.container);
  }

  onMove: () => void = () => {};
  private keys: Keys | null = null;

  /** What is drawn of an element. */
  shape(id: string): Shape | undefined {
    return this.registry.get(id);
  }

  graphics(id: string): SVGElement {
    return this.registry.getGraphics(id);
  }

  get chosen(): string | null {
    return this.selected;
  }

  /** Let the keyboard go on from an element. */
  focus(id: string): void {
    this.keys?.focus(id);
  }

  /** Move the picture if the element is not in sight. */
  show(id: string): void {
    const place = this.place(id);
    const { clientWidth, clientHeight } = this.container;
    if (place && (place.left < 0 || place.top < 0 || place.right > clientWidth || place.bottom > clientHeight)) {
      this.canvas.scrollToElement(id, 40);
    }
  }

  /** Whether this is an element that can have instances, and is drawn. */
  isNode(id: string): boolean {
    const shape = this.registry.get(id);
    return (
      Boolean(shape?.width) && // what a collapsed sub-process opens to has no size
      !shape?.waypoints &&
      /(Task|Event|Gateway|SubProcess|CallActivity|Transaction)$/.test(shape?.type ?? '')
    );
  }

  fit(): void {
    this.isToBeFitted = !this.hasRoom;
    if (this.isToBeFitted) {
      return; // nothing fits into no room at all: it is fitted when there is some
    }
    this.canvas.resized();
    this.canvas.zoom('fit-viewport', 'auto');
    this.canvas.zoom(Math.min(this.canvas.viewbox().scale * MARGIN, MAX_ZOOM), 'auto');
    this.fitted = this.view;
  }

  /** Another size: what was fitted is fitted again; what somebody has zoomed or moved stays so. */
  private resized(): void {
    if (!this.hasRoom) {
      return; // something else has its place for a while
    }
    if (this.isToBeFitted || this.view === this.fitted) {
      this.fit();
    } else {
      this.canvas.resized();
    }
  }

  private get hasRoom(): boolean {
    return this.container.clientWidth > 0 && this.container.clientHeight > 0;
  }

  private get view(): string {
    const { x, y, scale } = this.canvas.viewbox();
    return [x, y, scale].join(' ');
  }

  zoom(factor: number): void {
    this.canvas.zoom(Math.max(0.2, Math.min(4, this.canvas.viewbox().scale * factor)), 'auto');
  }

  select(id: string | null, scroll = false): void {
    if (this.selected && this.registry.get(this.selected)) {
      this.canvas.removeMarker(this.selected, 'is-selected');
    }
    this.selected = id && this.registry.get(id) ? id : null;
    this.keys?.selected(this.selected);
    if (this.selected) {
      this.canvas.addMarker(this.selected, 'is-selected');
      if (scroll) {
        this.canvas.scrollToElement(this.selected, 40);
      }
    }
  }

  /** Put a marker on exactly these elements. */
  mark(marker: string, ids: Iterable<string>): void {
    const wanted = new Set([...ids].filter((id) => this.registry.get(id)));
    const now = this.marked.get(marker) ?? new Set<string>();
    now.forEach((id) => wanted.has(id) || this.canvas.removeMarker(id, marker));
    wanted.forEach((id) => now.has(id) || this.canvas.addMarker(id, marker));
    this.marked.set(marker, wanted);
  }

  nodes(): string[] {
    return this.registry
      .getAll()
      .map((shape) => shape.id)
      .filter((id) => this.isNode(id));
  }

  /** State badges, as Operate has them: active and incident at the bottom, canceled and completed at the top. */
  showFigures(state: Pick<DiagramState, 'elements' | 'flows'> & Partial<Pick<DiagramState, 'names'>>): void {
    this.overlays.remove({ type: 'figures' });
    this.keys?.label(state.elements);
    for (const [id, figures] of Object.entries(state.elements)) {
      if (!this.registry.get(id)) {
        continue;
      }
      const incidents = figures.incidents ?? 0;
      this.badge(id, 'active', Math.max(0, (figures.active ?? 0) - incidents), { bottom: 9, left: -9 }, T.running);
      this.badge(id, 'incident', incidents, { bottom: 9, right: 13 }, T.incident);
      this.badge(id, 'canceled', figures.canceled ?? 0, { top: -13, left: -9 }, T.canceled);
      this.badge(id, 'completed', figures.completed ?? 0, { top: -13, right: 13 }, T.completed);
    }
    this.mark('is-taken', state.flows);
    this.mark(
      'has-incident',
      Object.entries(state.elements)
        .filter(([, each]) => each.incidents)
        .map(([id]) => id),
    );
    this.mark(
      'has-token',
      Object.entries(state.elements)
        .filter(([, each]) => each.active)
        .map(([id]) => id),
    );
  }

  private badge(id: string, kind: string, total: number, position: Record<string, number>, title: string): void {
    if (total > 0) {
      const html = h(
        'div',
        { class: `ft-token ft-token-${kind}`, title: `${total} ${title}`, 'data-badge': `${kind} ${id}` },
        String(total),
      );
      this.overlays.add(id, 'figures', { position, html, scale: BADGE_SCALE });
    }
  }

  /** Plan badges: what will come (+) and go (−) at an element. */
  showPlan(plan: Map<string, { plus: number; minus: number }>): void {
    this.overlays.remove({ type: 'plan' });
    for (const [id, { plus, minus }] of plan) {
      if (this.registry.get(id) && (plus || minus)) {
        const text = [plus ? `+ ${plus}` : '', minus ? `− ${minus}` : ''].filter(Boolean).join(', ');
        this.overlays.add(id, 'plan', {
          position: { top: -14, right: 7 },
          scale: BADGE_SCALE,
          html: h('div', { class: 'ft-token ft-token-plan', 'data-plan': id }, text),
        });
      }
    }
    this.mark(
      'is-planned-away',
      [...plan].filter(([, each]) => each.minus).map(([id]) => id),
    );
  }

  /** What a plan that was tried does: where tokens come to stand, pass and end, and what is wrong with that. */
  showOutcome(outcome: Outcome | null): void {
    this.overlays.remove({ type: 'outcome' });
    const passed = new Set(outcome?.completed.map((each) => each.id));
    const badge = (of: string, kind: string, text: string, title: string, position: Record<string, number>): void => {
      const id = of.replace(/#.*$/, ''); // a multi-instance and its iterations are one element
      if (this.registry.get(id)) {
        const html = h('div', { class: `ft-token ft-token-${kind}`, title, 'data-outcome': id }, text);
        this.overlays.add(id, 'outcome', { position, html, scale: BADGE_SCALE });
      }
    };
    for (const { id, total } of outcome?.activated ?? []) {
      const isPassed = passed.has(id);
      badge(id, isPassed ? 'passes' : 'comes', isPassed ? '✓' : `+${total}`, isPassed ? T.wouldPass : T.wouldCome, {
        bottom: -4,
        left: 18,
      });
    }
    for (const { id, total } of outcome?.terminated ?? []) {
      badge(id, 'goes', `−${total}`, T.wouldGo, { bottom: -4, right: 40 });
    }
    const red = outcome?.warnings.filter((each) => each.severity === 'red') ?? [];
    this.mark(
      'has-warning',
      red.flatMap((each) => each.elements),
    );
    this.mark('is-warned', []);
  }

  /** Let token badges be dragged to another element. */
  listenToDrags(onDrag: (from: string, to: string) => void): void {
    this.container.addEventListener(
      'pointerdown',
      (down) => {
        const badge = (down.target as HTMLElement).closest<HTMLElement>(
          '[data-badge^="active "], [data-badge^="incident "]',
        );
        if (badge && down.button === 0) {
          down.preventDefault();
          down.stopPropagation();
          this.drag(badge, down, onDrag);
        }
      },
      { capture: true },
    );
  }

  private drag(badge: HTMLElement, down: PointerEvent, onDrag: (from: string, to: string) => void): void {
    const from = badge.dataset.badge?.split(' ').slice(1).join(' ') ?? '';
    const ghost = badge.cloneNode(true) as HTMLElement;
    ghost.classList.add('is-dragged');
    let isMoving = false;
    const over = (event: PointerEvent): string | null => {
      const hit = document
        .elementsFromPoint(event.clientX, event.clientY)
        .map((each) => each.closest<SVGElement>('.djs-element[data-element-id]')?.dataset.elementId)
        .find((id) => id && this.isNode(id));
      return hit ?? null;
    };
    const move = (event: PointerEvent): void => {
      if (!isMoving && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < DRAG_PIXELS) {
        return;
      }
      if (!isMoving) {
        isMoving = true;
        document.body.append(ghost);
      }
      ghost.style.left = `${event.clientX}px`;
      ghost.style.top = `${event.clientY}px`;
      const target = over(event);
      this.mark('is-drop', target && target !== from ? [target] : []);
    };
    const end = (event: PointerEvent): void => {
      document.removeEventListener('pointermove', move);
      document.removeEventListener('pointerup', end);
      document.removeEventListener('pointercancel', end);
      ghost.remove();
      this.mark('is-drop', []);
      const target = isMoving && event.type === 'pointerup' ? over(event) : null;
      if (target && target !== from) {
        onDrag(from, target);
      } else if (!isMoving) {
        this.onSelect(from);
      }
    };
    document.addEventListener('pointermove', move);
    document.addEventListener('pointerup', end);
    document.addEventListener('pointercancel', end);
  }

  /** Where an element is drawn, relative to the container. */
  place(id: string): DOMRect | null {
    const shape = this.registry.get(id);
    if (!shape) {
      return null;
    }
    const box = this.canvas.viewbox();
    return new DOMRect(
      (shape.x - box.x) * box.scale,
      (shape.y - box.y) * box.scale,
      shape.width * box.scale,
      shape.height * box.scale,
    );
  }

  get width(): number {
    return this.container.clientWidth;
  }
}

export function mountZoom(frame: HTMLElement, diagram: Diagram): void {
  frame.querySelectorAll<HTMLElement>('[data-zoom]').forEach((button) =>
    button.addEventListener('click', () => {
      const kind = button.dataset.zoom;
      kind === 'fit' ? diagram.fit() : diagram.zoom(kind === 'in' ? 1.25 : 0.8);
    }),
  );
}
