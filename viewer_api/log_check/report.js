// What was found of a page, finding by finding.

import { LogError } from "./log_error.js";

/**
 * @typedef {object} Finding
 * @property {"event" | "chain" | "seen" | "signature" | "inclusion" | "growth" | "shown"} about
 * @property {"verified" | "unverified" | "alarm"} state
 * @property {string} code
 * @property {Record<string, string | number>} detail
 */

/**
 * @typedef {object} Report
 * @property {Finding[]} findings
 * @property {Set<number>} unproven numbers of lines that something speaks against
 * @property {Set<number>} waiting numbers of lines that no checkpoint covers yet
 * @property {import("./log_line.js").CheckedLine[]} lines that agree with their entries
 * @property {string} proofs text of the file; empty where nothing is proven
 * @property {string[]} contradiction signed checkpoints that cannot both be true
 */

/** @returns {Report} */
export function emptyReport() {
  const [unproven, waiting] = [new Set(), new Set()];
  return { findings: [], unproven, waiting, lines: [], proofs: "", contradiction: [] };
}

/**
 * @param {Report} report
 * @param {Finding["about"]} about
 * @param {Finding["state"]} state
 * @param {string} code
 * @param {Record<string, string | number>} [detail]
 */
export function tell(report, about, state, code, detail = {}) {
  report.findings.push({ about, state, code: `${about}.${code}`, detail });
}

/**
 * What goes wrong in `work` is a finding: a fault of the log is an alarm, anything else (no network, an answer
 * that cannot be read) leaves the matter unverified.
 * @template T
 * @param {Report} report @param {Finding["about"]} about @param {() => Promise<T>} work
 * @returns {Promise<T | null>}
 */
export async function judged(report, about, work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LogError) tell(report, about, "alarm", error.code, error.detail);
    else tell(report, about, "unverified", isUnsupported(error) ? "unsupported" : "no_answer");
    return null;
  }
}

/** A browser whose WebCrypto lacks Ed25519. @param {unknown} error */
function isUnsupported(error) {
  return error instanceof DOMException && error.name === "NotSupportedError";
}
