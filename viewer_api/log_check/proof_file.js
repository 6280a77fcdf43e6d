// Proofs as a file that others can check: C2SP tlog-proof, one after the other.

import { base64, utf8 } from "./encoding.js";
import { lineText } from "./log_line.js";

/**
 * @typedef {object} Inclusion
 * @property {number} index
 * @property {Uint8Array<ArrayBuffer>[]} hashes
 */

/**
 * @param {import("./log_line.js").Evidence} evidence
 * @param {Inclusion} inclusion
 * @param {string} note the signed checkpoint
 */
export function proofText(evidence, { index, hashes }, note) {
  const extra = `extra ${base64(utf8(lineText(evidence)))}`;
  return ["c2sp.org/tlog-proof@v1", extra, `index ${index}`, ...hashes.map(base64), "", note].join("\n");
}
