// Building and updating DOM. Text from the view only ever becomes a text node or an attribute, never markup.

type Attribute = string | number | boolean | null | undefined;
type Child = Node | string | null | undefined | false;

/** An element. A true attribute is set empty; null, undefined and false are left out; `--name` sets a CSS variable. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, Attribute> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    // The content security policy refuses style attributes, not the style object.
    if (name.startsWith("--")) element.style.setProperty(name, String(value));
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

/** An SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number> = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  append(element, children);
  return element;
}

function append(parent: Element, children: Child[]): void {
  for (const child of children) if (child) parent.append(child);
}

/** An element that draws itself: `morph` hands it its successor instead of looking inside. */
export interface SelfDrawn extends HTMLElement {
  adopt(next: HTMLElement): void;
}

/**
 * Make `current` look like `next`, changing only what differs, so that focus, scroll positions, open disclosures and
 * drop-downs outlive an update. Children with a `data-key` keep their identity; others are matched by place.
 */
export function morph(current: Element, next: Element): void {
  if (isSelfDrawn(current) && next instanceof HTMLElement) {
    current.adopt(next);
    return;
  }
  morphAttributes(current, next);
  morphChildren(current, next);
  if (
    current instanceof HTMLSelectElement &&
    next instanceof HTMLSelectElement &&
    current.value !== next.value
  ) {
    current.value = next.value;
  }
}

function morphAttributes(current: Element, next: Element): void {
  for (const { name } of [...current.attributes]) {
    if (!next.hasAttribute(name) && !isOwnedByUser(current, name)) current.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (name !== "style" && current.getAttribute(name) !== value) current.setAttribute(name, value);
  }
  if (current instanceof HTMLElement && next instanceof HTMLElement) {
    if (current.style.cssText !== next.style.cssText) current.style.cssText = next.style.cssText;
  }
}

/** What the reader or the layout set, not the view. */
function isOwnedByUser(element: Element, name: string): boolean {
  return (
    (name === "open" && element.localName === "details") ||
    (name === "tabindex" && element.matches(".scroll"))
  );
}

function morphChildren(current: Element, next: Element): void {
  const keyed = new Map<string, Element>();
  for (const child of current.children) {
    const key = keyOf(child);
    if (key !== null) keyed.set(key, child);
  }
  let place: ChildNode | null = current.firstChild;
  for (const wanted of [...next.childNodes]) {
    const match = findMatch(wanted, place, keyed);
    if (match === null) {
      current.insertBefore(wanted, place);
      continue;
    }
    if (match === place) place = place.nextSibling;
    else current.insertBefore(match, place);
    if (wanted instanceof Element) morph(match as Element, wanted);
    else if (match.nodeValue !== wanted.nodeValue) match.nodeValue = wanted.nodeValue;
  }
  while (place !== null) {
    const rest: ChildNode | null = place.nextSibling;
    place.remove();
    place = rest;
  }
}

function findMatch(wanted: Node, place: ChildNode | null, keyed: Map<string, Element>): ChildNode | null {
  const key = keyOf(wanted);
  if (key !== null) {
    const match = keyed.get(key) ?? null;
    keyed.delete(key);
    return match?.nodeName === wanted.nodeName ? match : null;
  }
  return place !== null && place.nodeName === wanted.nodeName && keyOf(place) === null ? place : null;
}

function keyOf(node: Node): string | null {
  return node instanceof Element ? node.getAttribute("data-key") : null;
}

function isSelfDrawn(element: Element): element is SelfDrawn {
  return "adopt" in element;
}
