// Signed checkpoints: C2SP tlog-checkpoint in a C2SP signed note, Ed25519 (signature type 0x01).

import { fromBase64, isSame, joined, sha256, utf8 } from "./encoding.js";
import { LogError } from "./log_error.js";

const LONGEST_NOTE = 131_072; // characters
const REFUSED = /[\u0000-\u0009\u000b-\u001f\ud800-\udfff]/u;
const SIGNATURE = /^— ([^\s+]+) (\S+)$/;
const DECIMAL = /^(0|[1-9][0-9]{0,15})$/;
const ED25519 = Uint8Array.of(1);

/**
 * @typedef {object} Checkpoint
 * @property {string} origin name of the log
 * @property {number} size leaves of the tree
 * @property {Uint8Array<ArrayBuffer>} root
 * @property {string} note the signed text, verbatim
 */

/**
 * The checkpoint in a note that carries, under `origin`, the signature of `key`.
 * @param {string} note
 * @param {string} origin
 * @param {Uint8Array<ArrayBuffer>} key Ed25519, 32 bytes, pinned
 * @returns {Promise<Checkpoint>}
 * @throws {LogError} checkpoint_malformed, checkpoint_origin, checkpoint_signature
 */
export async function verifyCheckpoint(note, origin, key) {
  const { text, signatures } = splitNote(note);
  const checkpoint = { ...parseText(text), note };
  if (checkpoint.origin !== origin) throw new LogError("checkpoint_origin");
  const id = (await sha256(joined(utf8(`${origin}\n`), ED25519, key))).slice(0, 4);
  const ours = signatures.filter(({ name, value }) => name === origin && isSame(value.slice(0, 4), id));
  if (ours.length === 0) throw new LogError("checkpoint_signature");
  const publicKey = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
  for (const { value } of ours) {
    const holds = await crypto.subtle.verify("Ed25519", publicKey, value.slice(4), utf8(text));
    if (!holds) throw new LogError("checkpoint_signature");
  }
  return checkpoint;
}

/** The name that a note gives its log; nothing is verified. @param {string} note @returns {string} */
export function originOf(note) {
  return parseText(splitNote(note).text).origin;
}

/** @param {string} note */
function splitNote(note) {
  const end = typeof note === "string" ? note.lastIndexOf("\n\n") : -1;
  const isNote = end > 0 && note.length <= LONGEST_NOTE && note.endsWith("\n");
  if (!isNote || REFUSED.test(note)) throw malformed();
  const lines = note.slice(end + 2, -1).split("\n");
  return { text: note.slice(0, end + 1), signatures: lines.map(readSignature) };
}

/** @param {string} line */
function readSignature(line) {
  const found = SIGNATURE.exec(line);
  if (found === null) throw malformed();
  return { name: found[1], value: fromBase64(found[2], "checkpoint_malformed") };
}

/** @param {string} text */
function parseText(text) {
  const lines = text.split("\n");
  if (lines.length !== 4 || lines[3] !== "" || lines[0] === "" || !DECIMAL.test(lines[1])) throw malformed();
  const [origin, size, root] = [lines[0], Number(lines[1]), fromBase64(lines[2], "checkpoint_malformed")];
  if (root.length !== 32 || !Number.isSafeInteger(size)) throw malformed();
  return { origin, size, root };
}

function malformed() {
  return new LogError("checkpoint_malformed");
}
