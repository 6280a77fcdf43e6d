// The Merkle tree of RFC 6962, as who holds nothing but a root checks it (RFC 9162 section 2.1.3.2, 2.1.4.2).
// Hashes are 32 bytes of SHA-256, positions count from 0, sizes are whole numbers below 2^53.

import { isSame, joined, sha256 } from "./encoding.js";
import { LogError } from "./log_error.js";

const HASH_SIZE = 32;
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** @param {Uint8Array<ArrayBuffer>} entry @returns {Promise<Uint8Array<ArrayBuffer>>} */
export function leafHash(entry) {
  return sha256(joined(LEAF, entry));
}

/** @param {Uint8Array<ArrayBuffer>} left @param {Uint8Array<ArrayBuffer>} right */
function nodeHash(left, right) {
  return sha256(joined(NODE, left, right));
}

/**
 * That a leaf stands at a position of the tree under a root.
 * @param {number} index
 * @param {number} size leaves of the tree
 * @param {Uint8Array<ArrayBuffer>} leaf
 * @param {Uint8Array<ArrayBuffer>} root
 * @param {Uint8Array<ArrayBuffer>[]} hashes the leaf's sibling first
 * @throws {LogError} not_included, no_such_leaf, bad_hash
 */
export async function verifyInclusion(index, size, leaf, root, hashes) {
  if (!isCount(index) || !isCount(size) || index >= size) throw new LogError("no_such_leaf");
  checkHashes([leaf, ...hashes]);
  let computed = leaf;
  let [place, last] = [BigInt(index), BigInt(size - 1)];
  for (const sibling of hashes) {
    if (last === 0n) throw new LogError("not_included");
    if (place & 1n || place === last) {
      computed = await nodeHash(sibling, computed);
      while (!(place & 1n) && place !== 0n) [place, last] = [place >> 1n, last >> 1n];
    } else {
      computed = await nodeHash(computed, sibling);
    }
    [place, last] = [place >> 1n, last >> 1n];
  }
  if (last !== 0n || !isSame(computed, root)) throw new LogError("not_included");
}

/**
 * That the newer tree begins with the older one.
 * @param {number} oldSize
 * @param {Uint8Array<ArrayBuffer>} oldRoot
 * @param {number} newSize
 * @param {Uint8Array<ArrayBuffer>} newRoot
 * @param {Uint8Array<ArrayBuffer>[]} hashes
 * @throws {LogError} inconsistent, empty_tree, bad_hash
 */
export async function verifyConsistency(oldSize, oldRoot, newSize, newRoot, hashes) {
  if (!isCount(oldSize) || oldSize < 1) throw new LogError("empty_tree");
  if (!isCount(newSize) || newSize < oldSize) throw new LogError("inconsistent");
  checkHashes([oldRoot, newRoot, ...hashes]);
  const proved =
    oldSize === newSize
      ? hashes.length === 0 && isSame(oldRoot, newRoot)
      : await extendsTree(BigInt(oldSize), oldRoot, BigInt(newSize), newRoot, hashes);
  if (!proved) throw new LogError("inconsistent");
}

/**
 * Climbs twice from the last perfect subtree of the older tree: to the older root with the siblings on its
 * left alone, to the newer one with all.
 * @param {bigint} oldSize @param {Uint8Array<ArrayBuffer>} oldRoot @param {bigint} newSize @param {Uint8Array<ArrayBuffer>} newRoot
 * @param {Uint8Array<ArrayBuffer>[]} hashes
 */
async function extendsTree(oldSize, oldRoot, newSize, newRoot, hashes) {
  const isPerfect = (oldSize & (oldSize - 1n)) === 0n;
  const [seed, ...siblings] = isPerfect ? [oldRoot, ...hashes] : hashes;
  if (seed === undefined) return false;
  let [place, last] = [oldSize - 1n, newSize - 1n];
  while (place & 1n) [place, last] = [place >> 1n, last >> 1n];
  let [before, after] = [seed, seed];
  for (const sibling of siblings) {
    if (last === 0n) return false;
    if (place & 1n || place === last) {
      [before, after] = [await nodeHash(sibling, before), await nodeHash(sibling, after)];
      while (!(place & 1n) && place !== 0n) [place, last] = [place >> 1n, last >> 1n];
    } else {
      after = await nodeHash(after, sibling);
    }
    [place, last] = [place >> 1n, last >> 1n];
  }
  return last === 0n && isSame(before, oldRoot) && isSame(after, newRoot);
}

/** @param {Uint8Array<ArrayBuffer>[]} hashes */
function checkHashes(hashes) {
  if (hashes.some((hash) => hash.length !== HASH_SIZE)) throw new LogError("bad_hash");
}

/** @param {number} number */
function isCount(number) {
  return Number.isSafeInteger(number) && number >= 0;
}
