// Today's tree beside the one that the browser saw last time.

import { isSame } from "./encoding.js";
import { LogError } from "./log_error.js";
import { verifyConsistency } from "./merkle_tree.js";

/**
 * Whether today's tree contains the older one whole. Both checkpoints are verified already.
 * @param {import("./checkpoint.js").Checkpoint} before
 * @param {import("./checkpoint.js").Checkpoint} now
 * @param {(old: number, size: number) => Promise<Uint8Array<ArrayBuffer>[]>} proof asked for where the tree has grown
 * @returns {Promise<"same" | "grown">}
 * @throws {LogError} fork, rollback, rewritten
 */
export async function compareTrees(before, now, proof) {
  const detail = { before: before.size, now: now.size };
  if (now.size < before.size) throw new LogError("rollback", detail);
  if (now.size === before.size) {
    if (!isSame(now.root, before.root)) throw new LogError("fork", detail);
    return "same";
  }
  if (before.size === 0) return "grown";
  const hashes = await proof(before.size, now.size);
  try {
    await verifyConsistency(before.size, before.root, now.size, now.root, hashes);
  } catch {
    throw new LogError("rewritten", detail);
  }
  return "grown";
}
