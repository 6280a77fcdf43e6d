// All that can be checked of the lines of one page. Whoever calls it brings the answers of the server and
// what the browser kept; nothing here draws.

import { fromBase64url, hex } from "./encoding.js";
import { LogError } from "./log_error.js";
import { checkLine, recordOf } from "./log_line.js";
import { compareSeen, followChain } from "./record_chain.js";
import { emptyReport, judged, tell } from "./report.js";
import { checkTree } from "./tree_check.js";

/** @typedef {import("./report.js").Report} Report */

/**
 * What the page was given.
 * @typedef {object} Claim
 * @property {import("./log_line.js").Evidence[]} evidence of each line shown, newest first
 * @property {{seq: number, leaf: string, prev: string}[]} passed links of lines between them, base64url
 * @property {boolean} passed_all whether no link between them is lacking
 * @property {boolean} is_newest whether the page begins with the newest line
 */

/**
 * @param {Claim} claim
 * @param {import("./tree_check.js").Server} server
 * @param {import("./kept_state.js").KeptState} kept
 * @returns {Promise<Report>}
 */
export async function checkLog(claim, server, kept) {
  const report = emptyReport();
  await checkEvents(claim, report);
  const links = (await judged(report, "chain", async () => linksOf(claim, report))) ?? report.lines;
  checkChain(claim, links, report);
  await checkSeen(claim, links, kept, report);
  const log = await checkTree(server, kept, report);
  if (!report.findings.some(({ state }) => state === "alarm")) {
    if (log !== null) keepNewer(kept, log);
    await keepLines(kept, links, report);
  }
  return report;
}

/** @param {Claim} claim @param {Report} report */
async function checkEvents(claim, report) {
  for (const evidence of claim.evidence) {
    try {
      report.lines.push(await checkLine(evidence));
    } catch (error) {
      const code = error instanceof LogError ? error.code : "entry_malformed";
      tell(report, "event", "alarm", code, { seq: Number(evidence.seq) });
      report.unproven.add(Number(evidence.seq));
    }
  }
  const [checked, all] = [report.lines.length, claim.evidence.length];
  if (checked > 0 && checked === all) tell(report, "event", "verified", "verified", { lines: checked });
}

/** @param {Claim} claim @param {Report} report @returns {import("./record_chain.js").Link[]} */
function linksOf(claim, report) {
  const passed = claim.passed.map(({ seq, leaf, prev }) => ({
    seq,
    leaf: fromBase64url(leaf, 32, "chain_link"),
    prev: fromBase64url(prev, 32, "chain_link"),
  }));
  return [...report.lines, ...passed];
}

/** @param {Claim} claim @param {import("./record_chain.js").Link[]} links @param {Report} report */
function checkChain(claim, links, report) {
  const oldestPassed = Math.min(...claim.passed.map(({ seq }) => seq));
  const mayBreakAt = (/** @type {number} */ seq) =>
    (!claim.passed_all && seq <= oldestPassed) || report.unproven.has(seq - 1);
  try {
    const stretches = followChain(links, mayBreakAt);
    if (stretches.length === 0) return;
    const [{ from, to }] = stretches;
    const isWhole = stretches.length === 1;
    tell(report, "chain", isWhole ? "verified" : "unverified", isWhole ? "verified" : "in_part", {
      from,
      to,
    });
  } catch (error) {
    const { code, detail } = /** @type {LogError} */ (error);
    tell(report, "chain", "alarm", code, detail);
  }
}

/**
 * @param {Claim} claim @param {import("./record_chain.js").Link[]} links
 * @param {import("./kept_state.js").KeptState} kept @param {Report} report
 */
async function checkSeen(claim, links, kept, report) {
  await judged(report, "seen", async () => {
    const record = recordIn(report);
    if (record === null) return;
    const seen = await kept.seen(record);
    const compared = compareSeen(links, seen, claim.is_newest);
    if (compared > 0) tell(report, "seen", "verified", "verified", { lines: compared });
  });
}

/** The record that all lines are of. @param {Report} report @returns {string | null} */
function recordIn(report) {
  const records = new Set(report.lines.map(({ event }) => recordOf(event)));
  if (records.size > 1) throw new LogError("other_record");
  return [...records][0] ?? null;
}

/** Another tab may have seen more meanwhile. @param {import("./kept_state.js").KeptState} kept */
function keepNewer(kept, /** @type {import("./kept_state.js").KeptLog} */ log) {
  const present = kept.log();
  if (present === null || sizeOf(log.note) >= sizeOf(present.note)) kept.keepLog(log);
}

/** @param {string} note */
function sizeOf(note) {
  return Number(note.split("\n")[1]);
}

/**
 * @param {import("./kept_state.js").KeptState} kept
 * @param {import("./record_chain.js").Link[]} links @param {Report} report
 */
async function keepLines(kept, links, report) {
  const record = recordIn(report);
  if (record === null) return;
  await kept.keepSeen(record, Object.fromEntries(links.map(({ seq, leaf }) => [seq, hex(leaf)])));
}
