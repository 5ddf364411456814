/* Shapes for models that have none. A script of its own, because hardly any page needs it. */

import { layoutProcess as layOut } from 'bpmn-auto-layout';

/** The model with shapes and edges. */
export function layoutProcess(xml: string): Promise<string> {
  const model = new DOMParser().parseFromString(xml, 'text/xml');
  tellFlowsAtTheirEnds(model);
  return layOut(new XMLSerializer().serializeToString(model));
}

/** The layout follows `incoming` and `outgoing`, which programs that write models often leave out. */
function tellFlowsAtTheirEnds(model: Document): void {
  const elements = new Map([...model.getElementsByTagName('*')].map((each) => [each.getAttribute('id') ?? '', each]));
  for (const flow of model.getElementsByTagNameNS('*', 'sequenceFlow')) {
    for (const [name, end] of [
      ['incoming', 'targetRef'],
      ['outgoing', 'sourceRef'],
    ] as const) {
      const element = elements.get(flow.getAttribute(end) ?? '');
      const id = flow.getAttribute('id') ?? '';
      const isTold = [...(element?.children ?? [])].some(
        (each) => each.localName === name && each.textContent?.trim() === id,
      );
      if (element && !isTold) {
        const prefix = flow.prefix ? `${flow.prefix}:` : '';
        const reference = model.createElementNS(flow.namespaceURI, `${prefix}${name}`);
        reference.textContent = id;
        element.append(reference);
      }
    }
  }
}
