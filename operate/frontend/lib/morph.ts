/*
 * Bring what stands in the page to what the server has rendered, changing only what differs: where the focus is, what is
 * typed, opened and scrolled to stays.
 */

/** Make the content of an element like this HTML. */
export function morph(place: HTMLElement, html: string): void {
  const wanted = document.createElement('template');
  wanted.innerHTML = html;
  children(place, wanted.content);
}

function children(now: Node, wanted: Node): void {
  const keyed = new Map<string, ChildNode>();
  for (const each of now.childNodes) {
    const key = keyOf(each);
    if (key) {
      keyed.set(key, each);
    }
  }
  let place = now.firstChild;
  for (const next of [...wanted.childNodes]) {
    const key = keyOf(next);
    const known = key ? keyed.get(key) : undefined;
    if (known && known !== place) {
      now.insertBefore(known, place);
      place = known;
    }
    if (place && isAlike(place, next)) {
      one(place, next);
      place = place.nextSibling;
    } else {
      now.insertBefore(next, place);
    }
  }
  while (place) {
    const after: ChildNode | null = place.nextSibling;
    place.remove();
    place = after;
  }
}

/** What tells a row from its neighbours: it moves with its content. */
function keyOf(node: Node): string {
  if (!(node instanceof HTMLElement)) {
    return '';
  }
  const { id, dataset } = node;
  return id || (dataset.row ?? dataset.keep ?? dataset.entry ?? dataset.variable ?? '');
}

function isAlike(now: Node, wanted: Node): boolean {
  return (
    now.nodeType === wanted.nodeType &&
    now.nodeName === wanted.nodeName &&
    keyOf(now) === keyOf(wanted) &&
    !isOther(now, wanted)
  );
}

/** Whether a control stands for something else, so that what was typed into it does not belong to the new one. */
function isOther(now: Node, wanted: Node): boolean {
  return (
    now instanceof HTMLElement &&
    wanted instanceof HTMLElement &&
    (now.getAttribute('name') !== wanted.getAttribute('name') ||
      now.getAttribute('action') !== wanted.getAttribute('action') ||
      (now instanceof HTMLTimeElement && now.dateTime !== (wanted as HTMLTimeElement).dateTime))
  );
}

function one(now: Node, wanted: Node): void {
  if (now instanceof HTMLTimeElement) {
    return; // the same moment, told in the viewer's zone
  }
  if (!(now instanceof Element) || !(wanted instanceof Element)) {
    if (now.nodeValue !== wanted.nodeValue) {
      now.nodeValue = wanted.nodeValue;
    }
    return;
  }
  attributes(now, wanted);
  if (!(now instanceof HTMLTextAreaElement)) {
    children(now, wanted);
  }
}

function attributes(now: Element, wanted: Element): void {
  const kept = now instanceof HTMLDetailsElement ? 'open' : '';
  for (const { name } of [...now.attributes]) {
    if (!wanted.hasAttribute(name) && name !== kept) {
      now.removeAttribute(name);
    }
  }
  for (const { name, value } of wanted.attributes) {
    if (now.getAttribute(name) !== value && name !== kept && !isSet(now, name)) {
      now.setAttribute(name, value); // what was typed into a field stays: its value is no attribute any more
    }
  }
}

/** Whether the script has the last word on an attribute. */
function isSet(element: Element, name: string): boolean {
  return name === 'aria-expanded' && element instanceof HTMLElement && element.dataset.opens !== undefined;
}
