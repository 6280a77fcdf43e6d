// Bytes and the texts that stand for them. Each value has one spelling; another one is refused.

import { LogError } from "./log_error.js";

const encoder = new TextEncoder();

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} UTF-8 */
export function utf8(text) {
  return encoder.encode(text);
}

/** @param {...Uint8Array<ArrayBuffer>} parts */
export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @param {Uint8Array<ArrayBuffer>} one @param {Uint8Array<ArrayBuffer>} other */
export function isSame(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {Promise<Uint8Array<ArrayBuffer>>} */
export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {string} lower-case hexadecimal */
export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {string} standard base64 (RFC 4648 section 4) */
export function base64(bytes) {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/**
 * @param {string} text standard base64
 * @param {string} code the fault that another text is
 */
export function fromBase64(text, code) {
  try {
    const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    if (base64(bytes) === text) return bytes;
  } catch {
    // no base64 at all: refused as well
  }
  throw new LogError(code);
}

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {string} base64url without padding (RFC 4648 section 5) */
export function base64url(bytes) {
  return base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * @param {unknown} text base64url without padding
 * @param {number} size bytes it must have
 * @param {string} code the fault that another text is
 */
export function fromBase64url(text, size, code) {
  if (typeof text !== "string" || /[^A-Za-z0-9_-]/.test(text)) throw new LogError(code);
  const padded = text.replaceAll("-", "+").replaceAll("_", "/") + "=".repeat((4 - (text.length % 4)) % 4);
  const bytes = fromBase64(padded, code);
  if (bytes.length !== size) throw new LogError(code);
  return bytes;
}
