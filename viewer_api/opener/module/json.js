// @ts-check
/** JSON that was encrypted or signed: written as RFC 8785 has it, read strictly (RFC 7493). */

import { badMember, isUuid } from "./bytes.js";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;
const BACKSLASH = 92, COLON = 58;

/**
 * The canonical form of a value that was parsed from JSON (RFC 8785, whose numbers and strings are ECMAScript's).
 * @param {unknown} value
 * @returns {string}
 */
export function canonical(value) {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const members = /** @type {Record<string, unknown>} */ (value);
  // sort() without an order compares UTF-16 units, as the RFC wants
  const names = Object.keys(members).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(members[name])}`).join(",")}}`;
}

/**
 * Reads one JSON value: UTF-8, no name twice in one object, no lone surrogate.
 * @param {Uint8Array} data
 * @returns {any}
 */
export function readJson(data) {
  let text, value;
  try {
    text = decoder.decode(data);
    value = JSON.parse(text);
  } catch {
    throw badMember();
  }
  // JSON.parse keeps the last of two equal names: then the text has more names than the value
  if (namesIn(text) !== namesOf(value)) throw badMember();
  // only an escape can hide a lone surrogate, and JSON.stringify writes one as an escape again
  if (text.includes("\\u") && LONE_SURROGATE.test(JSON.stringify(value))) throw badMember();
  return value;
}

/** How many names stand in a text that is JSON. @param {string} text */
function namesIn(text) {
  let found = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) {
    at = closing(text, at + 1);
    let next = at + 1;
    while (text.charCodeAt(next) <= 32) next++;
    if (text.charCodeAt(next) === COLON) found++;
  }
  return found;
}

/** Where the string ends that began before `from`. @param {string} text @param {number} from */
function closing(text, from) {
  for (let at = text.indexOf('"', from); ; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at;
  }
}

/** How many names a value has, at any depth. @param {unknown} value @returns {number} */
function namesOf(value) {
  if (value === null || typeof value !== "object") return 0;
  const inner = Object.values(value);
  let found = Array.isArray(value) ? 0 : inner.length;
  for (const each of inner) if (typeof each === "object") found += namesOf(each);
  return found;
}

/**
 * The object, if it has all these members and none besides but the optional ones.
 * @param {unknown} value
 * @param {readonly string[]} required
 * @param {readonly string[]} [optional]
 * @returns {Record<string, any>}
 */
export function members(value, required, optional = []) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw badMember();
  const names = Object.keys(value);
  const known = names.every((name) => required.includes(name) || optional.includes(name));
  if (!known || !required.every((name) => Object.hasOwn(value, name))) throw badMember();
  return value;
}

/** @param {unknown} value @returns {any[]} */
export function items(value) {
  if (!Array.isArray(value)) throw badMember();
  return value;
}

/** @param {unknown} value @param {number} [least] @returns {number} a whole number below 2^53 */
export function integer(value, least = 0) {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least) throw badMember();
  return value;
}

/** @param {unknown} value @param {number} [most] characters @returns {string} */
export function text(value, most = 65536) {
  if (typeof value !== "string" || value.length < 1 || value.length > most) throw badMember();
  return value;
}

/** @param {unknown} value @returns {string} a UUID in its lower-case form */
export function identifier(value) {
  if (!isUuid(value)) throw badMember();
  return value;
}
