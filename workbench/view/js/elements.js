// Elements of the page and the words on it: what all parts are made of.

const SVG = "http://www.w3.org/2000/svg";
export const SETTLE_MS = 1000; // so long after a move Python's answers to earlier positions may still arrive
export const MISSING = "–";

let made = 0;
const page = Math.random().toString(36).slice(2, 8); // each widget has its own copy of this module, so a count alone is not unique
export const uniqueId = () => `workbench-${page}-${++made}`;

const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Write out marks in a name that would turn the direction of the figures behind it too. */
export const unturned = (text) =>
  typeof text === "string" ? text.replace(TURNING, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`) : text;

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.map(unturned));
  return element;
}

export const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
export const s = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

export const button = (role, click, attributes = {}, ...children) =>
  h("button", { type: "button", "data-role": role, click, ...attributes }, ...children);
export const unseen = (text = "", attributes = {}) => h("span", { class: "unseen", ...attributes }, text);

/** Change an element's text only where it differs: an untouched node keeps a reader's selection. */
export function write(element, text) {
  const plain = unturned(text);
  if (element.textContent !== plain) element.textContent = plain;
}

export function set(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** Bring children into order without moving those that are in place: a moved element loses the focus. */
function arrange(parent, wanted) {
  for (const child of [...parent.children]) if (!wanted.includes(child)) child.remove();
  wanted.forEach((child, at) => {
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
  });
}

/** Return a function that shows items as children; an item with a key that was there before keeps its element. `first` stay before them. */
export function list(parent, keyOf, make, first = []) {
  let parts = new Map();
  return (items) => {
    parts = new Map(items.map((item) => [keyOf(item), parts.get(keyOf(item)) ?? make(item)]));
    for (const item of items) parts.get(keyOf(item)).update(item);
    arrange(parent, [...first, ...[...parts.values()].map((part) => part.element)]);
  };
}

const ICONS = {
  start: "M3 3h2v10H3zM13 3v10L6 8z",
  back: "M11 3v10L4 8z",
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  forward: "M5 3v10l7-5z",
  cross: "M4 3l4 4 4-4 1 1-4 4 4 4-1 1-4-4-4 4-1-1 4-4-4-4z",
};

export function icon(name) {
  return s("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, s("path", { d: ICONS[name], fill: "currentColor" }));
}

/** Three digits, as the report writes milliseconds, and never more than two decimals. */
export function formatMs(ms) {
  if (!Number.isFinite(ms)) return MISSING;
  const rounded = Math.abs(Number(ms.toPrecision(3)));
  const decimals = rounded >= 1 ? 2 - Math.floor(Math.log10(rounded)) : 2;
  return ms.toFixed(Math.max(0, decimals)).replace("-", "−");
}

export const formatFraction = (value, digits = 2) => value.toFixed(digits).replace(/^(-?)0\./, "$1.").replace("-", "−");
export const stageWord = (stage) => (stage === "unexplained" ? "?" : stage);

/** Black or white, whichever reads better on a colour (WCAG 2.2). */
export function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16);
    return part <= 10 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}
