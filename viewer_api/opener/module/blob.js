// @ts-check
/** Sealed content, `coffre-blob-v1` (docs/formats.md section 1): sizes, key, commitment, places of segments. */

import { be32, concat, equal, utf8, uuidBytes } from "./bytes.js";
import { OpenError } from "./errors.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */

export const SEGMENT = 65536;
export const TAG = 16;
export const HEADER = 40;
/** Plaintext bytes in a segment; the first holds `HEADER` fewer. */
export const STRIDE = SEGMENT - TAG;
export const MAX_CIPHERTEXT = 10_000 * 128 * SEGMENT;
export const PACK = 1, SERIES_METADATA = 2, RENDITION = 3, EXPORT = 4;
const HEADER_MARK = 0x28, SALT = 32;
const LABEL = utf8("coffre-blob-v1\0");
const COMMIT = utf8("coffre-commit-v1\0");
const ZEROS = new Uint8Array(32);

/**
 * @typedef {object} SealedBlob what a grant says of a blob; sizes in bytes
 * @property {string} blob
 * @property {number} version
 * @property {number} kind
 * @property {Bytes} commitment
 * @property {Bytes} header
 * @property {number} plaintextSize
 * @property {number} ciphertextSize
 */

/** @param {number} plaintext bytes @returns {number} C = P + 40 + 16·K */
export function ciphertextSize(plaintext) {
  const segments = 1 + Math.max(0, Math.ceil((plaintext - (STRIDE - HEADER)) / STRIDE));
  const size = plaintext + HEADER + TAG * segments;
  if (size > MAX_CIPHERTEXT) throw new OpenError("blob_too_large");
  return size;
}

/** The segment that holds this plaintext byte. @param {number} offset */
export function segmentOf(offset) {
  return Math.floor((offset + HEADER) / STRIDE);
}

/** Where a segment's plaintext begins. @param {number} segment */
export function border(segment) {
  return Math.max(0, segment * STRIDE - HEADER);
}

/** A blob whose key was checked against its commitment before any segment is opened. */
export class OpenBlob {
  /**
   * Use `OpenBlob.from()`.
   * @param {SealedBlob} sealed
   * @param {CryptoKey} segmentKey AES-256-GCM
   */
  constructor(sealed, segmentKey) {
    this.id = sealed.blob;
    this.version = sealed.version;
    this.kind = sealed.kind;
    /** Bytes of plaintext. */
    this.size = sealed.plaintextSize;
    /** Bytes of the object, as the grant says: a store that cuts it cannot say which segment is the last. */
    this.ciphertextSize = sealed.ciphertextSize;
    this.segmentKey = segmentKey;
    this.noncePrefix = sealed.header.slice(1 + SALT);
  }

  /**
   * Checks sizes, form of the header and commitment. `dek` is wiped. Raises "blob_size_mismatch",
   * "blob_too_large", "blob_corrupt" or "blob_key_mismatch".
   * @param {SealedBlob} sealed
   * @param {Bytes} dek 32 bytes
   */
  static async from(sealed, dek) {
    if (ciphertextSize(sealed.plaintextSize) !== sealed.ciphertextSize) throw new OpenError("blob_size_mismatch");
    if (sealed.header.length !== HEADER || sealed.header[0] !== HEADER_MARK) throw new OpenError("blob_corrupt");
    const aad = concat(LABEL, [sealed.kind], uuidBytes(sealed.blob), be32(sealed.version));
    const key = await crypto.subtle.importKey("raw", dek, "HKDF", false, ["deriveBits", "deriveKey"]);
    dek.fill(0);
    const committed = await crypto.subtle.deriveBits(hkdf(ZEROS, concat(COMMIT, aad)), key, 256);
    if (!equal(new Uint8Array(committed), sealed.commitment)) throw new OpenError("blob_key_mismatch");
    const salt = sealed.header.subarray(1, 1 + SALT);
    const cipher = { name: "AES-GCM", length: 256 };
    return new OpenBlob(sealed, await crypto.subtle.deriveKey(hkdf(salt, aad), key, cipher, false, ["decrypt"]));
  }

  /**
   * The ciphertext bytes [start, stop) that hold `length` plaintext bytes from `offset`; the header is never
   * among them. Raises "range_past_end".
   * @param {number} offset
   * @param {number} length at least 1
   */
  span(offset, length) {
    if (offset < 0 || length < 1 || offset + length > this.size) throw new OpenError("range_past_end");
    const first = segmentOf(offset), last = segmentOf(offset + length - 1);
    return {
      start: Math.max(HEADER, first * SEGMENT),
      stop: Math.min((last + 1) * SEGMENT, this.ciphertextSize),
    };
  }
}

/** @param {Bytes} salt @param {Bytes} info */
function hkdf(salt, info) {
  return { name: "HKDF", hash: "SHA-256", salt, info };
}
