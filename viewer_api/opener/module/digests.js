// @ts-check
/** Whole parts against the SHA-256 of what was deposited. */

import { equal } from "./bytes.js";
import { OpenError } from "./errors.js";
import { Sha256 } from "./sha256.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */

/** The longest part that is held whole. */
export const LARGEST_HELD = 1024 ** 3;

/** @param {number} size */
export function checkHoldable(size) {
  if (size > LARGEST_HELD) throw new OpenError("too_large_for_memory");
}

/** @param {Bytes} content @param {Bytes} sha256 */
export async function checkedDigest(content, sha256) {
  if (!equal(new Uint8Array(await crypto.subtle.digest("SHA-256", content)), sha256)) throw new OpenError("digest_mismatch");
  return content;
}

/**
 * The pieces, checked at their end: who uses one before has authentic bytes, which may not be the deposited ones.
 * @param {AsyncGenerator<Bytes, void, undefined>} pieces
 * @param {Bytes} sha256
 */
export async function* verified(pieces, sha256) {
  const digest = new Sha256();
  for await (const piece of pieces) {
    digest.update(piece);
    yield piece;
  }
  if (!equal(digest.digest(), sha256)) throw new OpenError("digest_mismatch");
}
