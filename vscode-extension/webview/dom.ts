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
  // Of a table that is ordered anew most rows are the same as before; rows hold nothing that the reader changes.
  if (current.localName === "tr" && current.isEqualNode(next)) return;
  const shown = current instanceof HTMLInputElement ? current.getAttribute("value") : null;
  // Now: options that are new move from there to here, the chosen one among them.
  const chosen = next instanceof HTMLSelectElement ? next.value : null;
  morphAttributes(current, next);
  morphChildren(current, next);
  if (current instanceof HTMLSelectElement && chosen !== null && current.value !== chosen)
    current.value = chosen;
  if (current instanceof HTMLInputElement && next.getAttribute("value") !== shown) follow(current, shown);
}

/** A new value from the view replaces what the field holds, but not under the hands of who is writing there. */
function follow(field: HTMLInputElement, shown: string | null): void {
  if (field === document.activeElement && field.value !== shown) return;
  field.value = field.defaultValue;
  field.setCustomValidity("");
}

function morphAttributes(current: Element, next: Element): void {
  for (const name of current.getAttributeNames()) {
    if (!next.hasAttribute(name) && !isOwnedByUser(current, name)) current.removeAttribute(name);
  }
  for (const name of next.getAttributeNames()) {
    const value = next.getAttribute(name) ?? "";
    if (current.getAttribute(name) === value) continue;
    // The content security policy refuses style attributes, not the style object.
    if (name !== "style") current.setAttribute(name, value);
    else if (current instanceof HTMLElement) current.style.cssText = value;
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
  if (morphText(current, next)) return;
  const keyed = keyedChildren(current, next);
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

/** Of most elements the text is all there is. */
function morphText(current: Element, next: Element): boolean {
  const [shown, wanted] = [soleText(current), soleText(next)];
  if (shown === null || wanted === null) return false;
  if (shown.data !== wanted.data) shown.data = wanted.data;
  return true;
}

function soleText({ firstChild }: Element): Text | null {
  return firstChild instanceof Text && firstChild.nextSibling === null ? firstChild : null;
}

/** The children that stay, by their keys. What goes, goes here: else all that stays would be moved, and so closed. */
function keyedChildren(current: Element, next: Element): Map<string, Element> {
  const keyed = new Map<string, Element>();
  for (let child = current.firstElementChild; child !== null; child = child.nextElementSibling) {
    const key = keyOf(child);
    if (key !== null) keyed.set(key, child);
  }
  if (keyed.size === 0) return keyed;
  const wanted = new Set(Array.from(next.children, keyOf));
  for (const [key, child] of keyed) {
    if (wanted.has(key)) continue;
    keyed.delete(key);
    child.remove();
  }
  return keyed;
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
