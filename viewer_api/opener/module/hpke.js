// @ts-check
/**
 * HPKE (RFC 9180), receiver's side of base mode, by WebCrypto: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
 * AES-256-GCM, with empty associated data. One message per context, so its sequence number is 0.
 */

import { concat, equal, utf8 } from "./bytes.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */

const ENC = 32, HASH = 32, KEY = 32, NONCE = 12;
const EMPTY = new Uint8Array(0);
const ZEROS = new Uint8Array(HASH);
const VERSION = utf8("HPKE-v1");
const KEM = concat(utf8("KEM"), [0x00, 0x20]);
const SUITE = concat(utf8("HPKE"), [0x00, 0x20], [0x00, 0x01], [0x00, 0x02]);
const BASE_MODE = new Uint8Array([0]);

/**
 * Opens `enc(32) || ciphertext`. Rejects where it was not sealed to this key and info.
 * @param {CryptoKey} secret X25519
 * @param {Bytes} publicRaw the public half, 32 bytes
 * @param {Bytes} sealed
 * @param {Bytes} info
 * @returns {Promise<Bytes>}
 */
export async function openBase(secret, publicRaw, sealed, info) {
  const enc = sealed.subarray(0, ENC);
  const shared = await decapsulated(secret, publicRaw, enc);
  const hashes = [await extract(EMPTY, SUITE, "psk_id_hash", EMPTY), await extract(EMPTY, SUITE, "info_hash", info)];
  const context = concat(BASE_MODE, ...hashes);
  const schedule = await extract(shared, SUITE, "secret", EMPTY);
  const key = await expand(schedule, SUITE, "key", context, KEY);
  const nonce = await expand(schedule, SUITE, "base_nonce", context, NONCE);
  const cipher = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
  key.fill(0);
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv: nonce }, cipher, sealed.subarray(ENC)));
}

/**
 * The shared secret of the KEM (section 4.1, Decap).
 * @param {CryptoKey} secret @param {Bytes} publicRaw @param {Bytes} enc
 */
async function decapsulated(secret, publicRaw, enc) {
  const sender = await crypto.subtle.importKey("raw", enc, { name: "X25519" }, false, []);
  const dh = new Uint8Array(await crypto.subtle.deriveBits({ name: "X25519", public: sender }, secret, 8 * HASH));
  // section 7.1.4; not every WebCrypto refuses points of small order by itself
  if (equal(dh, ZEROS)) throw new DOMException("all-zero shared secret", "OperationError");
  const prk = await extract(EMPTY, KEM, "eae_prk", dh);
  dh.fill(0);
  return expand(prk, KEM, "shared_secret", concat(enc, publicRaw), HASH);
}

/** LabeledExtract (section 4). @param {Bytes} salt @param {Bytes} suite @param {string} label @param {Bytes} ikm */
function extract(salt, suite, label, ikm) {
  return hmac(salt.length ? salt : ZEROS, concat(VERSION, suite, utf8(label), ikm));
}

/**
 * LabeledExpand (section 4) of at most one block of HKDF (RFC 5869 section 2.3).
 * @param {Bytes} prk @param {Bytes} suite @param {string} label @param {Bytes} context @param {number} size
 */
async function expand(prk, suite, label, context, size) {
  const block = await hmac(prk, concat([0, size], VERSION, suite, utf8(label), context, [1]));
  return block.slice(0, size);
}

/** @param {Bytes} key @param {Bytes} message @returns {Promise<Bytes>} */
async function hmac(key, message) {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, message));
}
