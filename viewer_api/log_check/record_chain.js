// The chain of one record's lines: each has the next number and names the leaf before it.

import { hex, isSame } from "./encoding.js";
import { LogError } from "./log_error.js";

/**
 * @typedef {object} Link
 * @property {number} seq
 * @property {Uint8Array<ArrayBuffer>} leaf
 * @property {Uint8Array<ArrayBuffer>} prev leaf of the line before, zeros for the first
 */

/**
 * The stretches of the chain that can be followed without a break, newest first. Numbers that are missing
 * because nobody handed them over end a stretch; `mayBreakAt` says where that is so.
 * @param {Link[]} links in any order
 * @param {(seq: number) => boolean} mayBreakAt whether the line below this number may be lacking
 * @returns {{from: number, to: number}[]}
 * @throws {LogError} chain_gap, chain_link
 */
export function followChain(links, mayBreakAt = () => false) {
  const sorted = [...links].sort((one, other) => other.seq - one.seq);
  /** @type {{from: number, to: number}[]} */
  const stretches = [];
  sorted.forEach((link, at) => {
    const newer = sorted[at - 1];
    checkNumber(link);
    if (newer !== undefined && newer.seq === link.seq + 1) {
      if (!isSame(newer.prev, link.leaf)) throw new LogError("chain_link", { seq: newer.seq });
      stretches[stretches.length - 1].from = link.seq;
      return;
    }
    if (newer !== undefined && !mayBreakAt(newer.seq)) throw new LogError("chain_gap", { seq: newer.seq - 1 });
    stretches.push({ from: link.seq, to: link.seq });
  });
  return stretches;
}

/** @param {Link} link */
function checkNumber(link) {
  const isFirst = link.prev.every((byte) => byte === 0);
  if (!Number.isSafeInteger(link.seq) || link.seq < 1 || isFirst !== (link.seq === 1)) {
    throw new LogError("chain_link", { seq: link.seq });
  }
}

/**
 * That lines which this browser saw before are still there, and are the same.
 * @param {Link[]} links
 * @param {Record<string, string>} seen leaf hashes (hexadecimal) by number
 * @param {boolean} isNewest whether the newest line of all is among the links
 * @returns {number} how many of them could be compared
 * @throws {LogError} line_changed, line_removed
 */
export function compareSeen(links, seen, isNewest) {
  const leaves = new Map(links.map((link) => [link.seq, hex(link.leaf)]));
  const [newest, oldest] = [Math.max(0, ...leaves.keys()), Math.min(...leaves.keys())];
  let compared = 0;
  for (const [number, leaf] of Object.entries(seen)) {
    const seq = Number(number);
    if (leaves.has(seq)) {
      if (leaves.get(seq) !== leaf) throw new LogError("line_changed", { seq });
      compared += 1;
    } else if (isNewest && seq > newest) {
      throw new LogError("line_removed", { seq });
    }
  }
  return Number.isFinite(oldest) ? compared : 0;
}
