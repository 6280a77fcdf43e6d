// @ts-check
/** Bytes as the formats write them: base64url, big-endian numbers, UUIDs (docs/formats.md, conventions). */

import { OpenError } from "./errors.js";

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

const encoder = new TextEncoder();
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const BASE64URL = /^[A-Za-z0-9_-]*$/;
const AT_ONCE = 0x8000; // arguments that one call of String.fromCharCode takes everywhere

/** @param {string} text @returns {Bytes} */
export function utf8(text) {
  return encoder.encode(text);
}

/** @param {...(Uint8Array | number[])} parts @returns {Bytes} */
export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A version or count, 1..2^32-1. @param {number} value @returns {Bytes} */
export function be32(value) {
  if (value < 1 || value >= 2 ** 32) throw badMember();
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value);
  return out;
}

/** @param {number} value below 2^53 @returns {Bytes} */
export function be64(value) {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(value));
  return out;
}

/** @param {string} text a UUID in its lower-case form @returns {Bytes} 16 bytes (RFC 9562) */
export function uuidBytes(text) {
  return fromHex(text.replaceAll("-", ""));
}

/** @param {unknown} value @returns {value is string} */
export function isUuid(value) {
  return typeof value === "string" && UUID.test(value);
}

/** @param {string} text @returns {Bytes} */
export function fromHex(text) {
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return out;
}

/** @param {Uint8Array} data */
export function toHex(data) {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Base64url without padding (RFC 4648 section 5). @param {Uint8Array} data */
export function b64(data) {
  let text = "";
  for (let at = 0; at < data.length; at += AT_ONCE) {
    text += String.fromCharCode(...data.subarray(at, at + AT_ONCE));
  }
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * Reads base64url in its one canonical spelling, of exactly `size` bytes if given.
 * @param {unknown} text
 * @param {number} [size]
 * @returns {Bytes}
 */
export function unb64(text, size) {
  if (typeof text !== "string" || !BASE64URL.test(text) || text.length % 4 === 1) throw badMember();
  if (size !== undefined && text.length !== Math.ceil((size * 4) / 3)) throw badMember();
  const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  // stray bits at the end would let two texts say one value (RFC 4648 section 3.5)
  if (b64(out.subarray(out.length - (out.length % 3))) !== text.slice(Math.floor(text.length / 4) * 4)) throw badMember();
  return out;
}

/** Compares in a time that does not tell how far two secrets agree. @param {Uint8Array} one @param {Uint8Array} other */
export function equal(one, other) {
  if (one.length !== other.length) return false;
  let differs = 0;
  for (let i = 0; i < one.length; i++) differs |= one[i] ^ other[i];
  return differs === 0;
}

/** A member is missing, unknown or not of its kind; whoever reads a format says which format it was. */
export function badMember() {
  return new OpenError("bad_member", "A member is missing, unknown or not of its kind.");
}
