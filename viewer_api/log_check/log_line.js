// A line of the access log: its entry, which stands in the tree, and the event that the entry binds.

import { canonical, parseCanonical } from "./canonical_json.js";
import { base64url, fromBase64url, joined, sha256, utf8 } from "./encoding.js";
import { LogError } from "./log_error.js";
import { leafHash } from "./merkle_tree.js";

const LARGEST_ENTRY = 65_535; // bytes
const MEMBERS = [
  ...["action", "actor", "commitment", "detail_hash", "grant", "line_hash", "object", "outcome", "purpose"],
  ...["reason", "record", "time", "v"],
].join();
const OBJECT = "urn:coffre:object";
const RECORD = "urn:coffre:record";

/**
 * What the reader hands to the holder beside a line (docs/api.md).
 * @typedef {object} Evidence
 * @property {number} seq place in the record's chain, from 1
 * @property {string} prev leaf hash of the line before, base64url
 * @property {string} salt base64url
 * @property {string} event canonical JSON
 * @property {string} entry canonical JSON
 */

/**
 * @typedef {object} CheckedLine
 * @property {number} seq
 * @property {Uint8Array<ArrayBuffer>} leaf computed from the entry, never taken from anybody
 * @property {Uint8Array<ArrayBuffer>} prev
 * @property {Record<string, any>} event
 * @property {Evidence} evidence
 */

/**
 * That an entry has the one form an entry may have and binds this event, and that both say the same.
 * @param {Evidence} evidence
 * @returns {Promise<CheckedLine>}
 * @throws {LogError} entry_malformed, event_changed, event_differs
 */
export async function checkLine(evidence) {
  const bytes = utf8(String(evidence.entry));
  const entry = parseCanonical(evidence.entry);
  if (entry === null || bytes.length > LARGEST_ENTRY || entry.v !== 1) throw new LogError("entry_malformed");
  if (Object.keys(entry).sort().join() !== MEMBERS) throw new LogError("entry_malformed");
  const event = parseCanonical(evidence.event);
  const salt = fromBase64url(evidence.salt, 32, "event_changed");
  const digest = await sha256(joined(salt, utf8(String(evidence.event))));
  if (event === null || base64url(digest) !== entry.detail_hash) throw new LogError("event_changed");
  if (!agree(event, entry)) throw new LogError("event_differs");
  const prev = fromBase64url(evidence.prev, 32, "chain_link");
  return { seq: evidence.seq, leaf: await leafHash(bytes), prev, event, evidence };
}

/** The public id of the record that an event is about. @param {Record<string, any>} event */
export function recordOf(event) {
  return identifierOf(event, RECORD);
}

/** @param {Record<string, any>} event @param {Record<string, any>} entry */
function agree(event, entry) {
  const said = {
    time: Date.parse(event.recorded),
    action: event.subtype?.[0]?.code,
    outcome: event.outcome === "0" ? "permit" : "deny",
    reason: event.outcomeDesc,
    purpose: event.purposeOfEvent?.[0]?.coding?.[0]?.code,
    object: identifierOf(event, OBJECT),
  };
  return Object.entries(said).every(([name, value]) => value === entry[name]);
}

/** @param {Record<string, any>} event @param {string} system @returns {string | null} */
function identifierOf(event, system) {
  const named = (event.entity ?? []).map((/** @type {any} */ each) => each.what?.identifier);
  return named.findLast((/** @type {any} */ each) => each?.system === system)?.value ?? null;
}

/**
 * What a file says of the line beside its proof (docs/formats.md section 5).
 * @param {Evidence} evidence
 */
export function lineText({ seq, prev, salt, event, entry }) {
  return canonical({ format: "coffre-log-line-v1", seq, prev, salt, event, entry });
}
