// What the server wrote into the page: whose document, in which words, and the parts that scripts fill.

const root = document.getElementById("visionneuse");
/** @type {{record: string, document: string, study: string|null, kind: "study"|"pdf", purpose: string,
 *   reason: string|null, opener: string, titles: {[code: string]: string}, patient: string, words: object}} */
export const page = JSON.parse(root.dataset.page);
export const language = document.documentElement.lang;

/** The page's own words under a key, with `{name}` filled in. */
export function say(key, values = {}) {
  const text = page.words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export const knows = (key) => key in page.words;

/** How many: the words under `key.one` or `key.many`. */
export const counted = (key, n) => (n === 1 ? say(`${key}.one`) : say(`${key}.many`, { n: number(n) }));

export const number = (n, options) => new Intl.NumberFormat(language, options).format(n);

/** A part of the page by its id. */
export const part = (id) => document.getElementById(id);

export function made(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Shows a part or takes it out of sight and out of the order of focus. */
export const show = (element, shown = true) => element.toggleAttribute("hidden", !shown);
