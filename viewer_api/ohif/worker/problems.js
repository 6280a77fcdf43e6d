// @ts-check
/** Refusals in the one shape that Coffre's own have: problem+json (RFC 9457). */

import { OpenError } from "/opener/index.js";

/** @typedef {{status: number, code: string, sentence: string}} Problem */

const NO_ANSWER = 503, DAMAGED = 502, ABSENT = 404;
/** Statuses of what the opener finds by itself; whatever the server refused has its own. @type {Readonly<Record<string, number>>} */
const STATUS = Object.freeze({
  no_such_document: ABSENT,
  no_such_series: ABSENT,
  no_such_instance: ABSENT,
  no_such_frame: ABSENT,
  no_such_bulkdata: ABSENT,
  unreachable: NO_ANSWER,
  store_unreachable: NO_ANSWER,
  browser_too_old: 501,
  insecure_page: 501,
  key_forgotten: 401,
  grant_closed: 401,
  too_large_for_memory: 413,
});

/** Refusals of the server that are the answer, too; a store's others, such as of a range behind a cut end, are damage. */
const PASSED_ON = new Set([401, 403, 404, 429, 503]);

/** What the worker refuses by itself. */
export class Refused extends Error {
  /** @param {number} status @param {string} code @param {string} sentence */
  constructor(status, code, sentence) {
    super(sentence);
    this.status = status;
    this.code = code;
  }
}

/** @param {unknown} error @returns {Problem} */
export function problemOf(error) {
  if (error instanceof Refused) return { status: error.status, code: error.code, sentence: error.message };
  if (error instanceof OpenError) {
    // altered, cut or exchanged content, and grants that are not what they say
    const status = PASSED_ON.has(error.status ?? 0) ? Number(error.status) : (STATUS[error.code] ?? DAMAGED);
    return { status, code: error.code, sentence: error.message };
  }
  return { status: 500, code: "internal", sentence: "The viewer's worker failed: load the page again." };
}

/** @param {Problem} problem */
export function answerTo({ status, code, sentence }) {
  const body = { type: `urn:coffre:problem:${code}`, title: code, status, code, detail: sentence };
  const headers = { "Content-Type": "application/problem+json", "Cache-Control": "no-store" };
  return new Response(JSON.stringify(body), { status, headers });
}
