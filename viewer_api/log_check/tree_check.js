// The log itself: who signed it, whether the lines are in it, whether it still contains what it contained.

import { originOf, verifyCheckpoint } from "./checkpoint.js";
import { base64url, fromBase64url } from "./encoding.js";
import { LogError } from "./log_error.js";
import { verifyInclusion } from "./merkle_tree.js";
import { proofText } from "./proof_file.js";
import { judged, tell } from "./report.js";
import { compareTrees } from "./tree_growth.js";

/** @typedef {import("./report.js").Report} Report */

/**
 * @typedef {object} Server
 * @property {() => Promise<string[]>} keys checkpoint keys, base64url
 * @property {(leaves: string[]) => Promise<{checkpoint: string,
 *   proofs: ({index: number, hashes: string[]} | null)[]}>} proofs
 * @property {(old: number, size: number) => Promise<string[]>} consistency
 */

/**
 * @param {Server} server @param {import("./kept_state.js").KeptState} kept @param {Report} report
 * @returns {Promise<import("./kept_state.js").KeptLog | null>} what to keep
 */
export async function checkTree(server, kept, report) {
  const before = kept.log(); // read before anything is asked: what is answered then is never older
  if (report.lines.length === 0) return null;
  const answer = await judged(report, "inclusion", async () => ({
    keys: await server.keys(),
    ...(await server.proofs(report.lines.map(({ leaf }) => base64url(leaf)))),
  }));
  if (answer === null) return null;
  const signed = await judged(report, "signature", () => checkSignature(answer, before, report));
  if (signed === null) {
    const isAlarm = report.findings.some(({ about, state }) => about === "signature" && state === "alarm");
    if (before !== null && isAlarm) report.contradiction = [before.note, answer.checkpoint];
    return null;
  }
  await judged(report, "inclusion", () => checkInclusion(answer.proofs, signed.checkpoint, report));
  if (before === null) tell(report, "growth", "unverified", "first_visit");
  else await judged(report, "growth", () => checkGrowth(before, signed, server, report));
  return { key: signed.key, origin: signed.checkpoint.origin, note: answer.checkpoint };
}

/**
 * @param {{keys: string[], checkpoint: string}} answer
 * @param {import("./kept_state.js").KeptLog | null} before
 * @param {Report} report
 */
async function checkSignature({ keys, checkpoint: note }, before, report) {
  if (before !== null && !keys.includes(before.key)) throw new LogError("key_changed");
  const origin = before?.origin ?? originOf(note);
  for (const key of before === null ? keys : [before.key]) {
    try {
      const pinned = fromBase64url(key, 32, "checkpoint_signature");
      const checkpoint = await verifyCheckpoint(note, origin, pinned);
      const known = before === null ? "first_visit" : "verified";
      tell(report, "signature", "verified", known, { origin, size: checkpoint.size, key });
      return { checkpoint, key };
    } catch (error) {
      if (!(error instanceof LogError) || error.code !== "checkpoint_signature") throw error;
    }
  }
  throw new LogError("checkpoint_signature");
}

/**
 * @param {({index: number, hashes: string[]} | null)[]} proofs in the order of the lines
 * @param {import("./checkpoint.js").Checkpoint} checkpoint
 * @param {Report} report
 */
async function checkInclusion(proofs, checkpoint, report) {
  let included = 0;
  for (const [at, line] of report.lines.entries()) {
    const proof = proofs[at];
    if (proof === null || proof === undefined) {
      report.waiting.add(line.seq);
      continue;
    }
    try {
      const hashes = proof.hashes.map((hash) => fromBase64url(hash, 32, "bad_hash"));
      await verifyInclusion(proof.index, checkpoint.size, line.leaf, checkpoint.root, hashes);
      report.proofs += proofText(line.evidence, { index: proof.index, hashes }, checkpoint.note);
      included += 1;
    } catch {
      report.unproven.add(line.seq);
      tell(report, "inclusion", "alarm", "not_included", { seq: line.seq });
    }
  }
  const numbers = { lines: included, size: checkpoint.size };
  if (included > 0) tell(report, "inclusion", "verified", "verified", numbers);
  if (report.waiting.size > 0) tell(report, "inclusion", "unverified", "waiting", { lines: report.waiting.size });
}

/**
 * @param {import("./kept_state.js").KeptLog} before
 * @param {{checkpoint: import("./checkpoint.js").Checkpoint, key: string}} signed
 * @param {Server} server @param {Report} report
 */
async function checkGrowth(before, { checkpoint, key }, server, report) {
  const pinned = fromBase64url(key, 32, "kept_malformed");
  const last = await verifyCheckpoint(before.note, before.origin, pinned).catch(() => {
    throw new LogError("kept_malformed");
  });
  try {
    const found = await compareTrees(last, checkpoint, async (old, size) =>
      (await server.consistency(old, size)).map((hash) => fromBase64url(hash, 32, "rewritten")),
    );
    tell(report, "growth", "verified", found, { before: last.size, now: checkpoint.size });
  } catch (error) {
    if (error instanceof LogError) report.contradiction = [before.note, checkpoint.note];
    throw error;
  }
}
