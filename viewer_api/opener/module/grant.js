// @ts-check
/** Grants, `coffre-grant-v1` (docs/formats.md section 4): checked in the recipient's order, then opened. */

import { b64, be64, concat, equal, unb64, utf8, uuidBytes } from "./bytes.js";
import { OpenBlob } from "./blob.js";
import { OpenError } from "./errors.js";
import { canonical, identifier, integer, items, members, readJson, text } from "./json.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {import("./recipient-key.js").RecipientKey} RecipientKey */
/** @typedef {Readonly<Record<string, string>>} PinnedKeys key id to Ed25519 public key, base64url */

/**
 * @typedef {object} GrantedDocument its place in plaintext bytes of a blob
 * @property {string} id
 * @property {string} mediaType
 * @property {string} blob
 * @property {number} offset
 * @property {number} length
 * @property {Bytes} sha256
 */
/**
 * @typedef {object} GrantedSeries its metadata blobs, oldest submission first, then its renditions
 * @property {string} study
 * @property {string} series
 * @property {string[]} blobs
 */
/**
 * @typedef {object} GrantBody
 * @property {Map<string, OpenBlob>} blobs
 * @property {GrantedDocument[]} documents
 * @property {GrantedSeries[]} series
 */

const FORMAT = "coffre-grant-v1";
const LABEL = utf8(`${FORMAT}\0`);
/** HPKE; an opener in a browser accepts no other, so that nobody can step down to a weaker one. */
export const SUITE = 2;
export const LONGEST_GRANT_S = 900, CLOCK_SKEW_S = 60;
const LARGEST_BODY = 16 * 1024 * 1024;
const HEAD = 32 + 8 + 32 + 32 + 16, NONCE = 12, BOUND = 8 + 32;
const KINDS = 4;
const UNSIGNED = ["signature", "urls"];
const SIGNED = [
  "format", "suite", "id", "issued", "expires", "record", "purpose", "actor", "recipient", "head", "nonce", "body",
  "event", "key_id",
];
const BLOB = ["blob", "version", "kind", "key", "commitment", "header", "plaintext_size", "ciphertext_size"];
const DOCUMENT = ["id", "media_type", "blob", "offset", "length", "sha256"];

/**
 * Opens a grant, checking in order: signature, time, recipient, head, digest of the body, commitments.
 * Raises "grant_unsigned", "grant_expired", "grant_other_recipient", "grant_tampered" or "key_forgotten".
 * @param {Record<string, any>} grant as `readJson` read it
 * @param {RecipientKey} key
 * @param {PinnedKeys} pinned
 * @param {number} now unix seconds
 * @returns {Promise<GrantBody>}
 */
export async function openGrant(grant, key, pinned, now) {
  await checkSignature(grant, pinned);
  try {
    checkShape(grant);
    if (now > grant.expires + CLOCK_SKEW_S || now < grant.issued - CLOCK_SKEW_S) throw new OpenError("grant_expired");
    const recipient = unb64(grant.recipient, 32);
    if (!equal(recipient, key.raw)) throw new OpenError("grant_other_recipient");
    return await consistent(readJson(await openedBody(grant, recipient, key)));
  } catch (error) {
    const said = error instanceof OpenError ? error.code : "";
    if (said.startsWith("grant_") || said === "key_forgotten") throw error;
    throw new OpenError("grant_tampered");
  }
}

/** @param {Record<string, any>} grant @param {PinnedKeys} pinned */
async function checkSignature(grant, pinned) {
  try {
    const signed = Object.fromEntries(Object.entries(grant).filter(([name]) => !UNSIGNED.includes(name)));
    const found = typeof grant.key_id === "string" && Object.hasOwn(pinned, grant.key_id) ? pinned[grant.key_id] : null;
    const key = await crypto.subtle.importKey("raw", unb64(found, 32), { name: "Ed25519" }, false, ["verify"]);
    const message = concat(LABEL, utf8(canonical(signed)));
    if (await crypto.subtle.verify({ name: "Ed25519" }, key, unb64(grant.signature, 64), message)) return;
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotSupportedError") throw new OpenError("browser_too_old");
  }
  throw new OpenError("grant_unsigned");
}

/** @param {Record<string, any>} grant */
function checkShape(grant) {
  members(grant, [...SIGNED, "signature"], UNSIGNED);
  if (grant.format !== FORMAT || grant.suite !== SUITE) throw new OpenError("grant_tampered");
  identifier(grant.id);
  identifier(grant.record);
  text(grant.purpose, 64);
  unb64(grant.actor, 32);
  unb64(grant.event, 32);
  const life = integer(grant.expires) - integer(grant.issued);
  if (life <= 0 || life > LONGEST_GRANT_S) throw new OpenError("grant_tampered");
}

/**
 * The body's bytes. Rejects where head and body do not belong together.
 * @param {Record<string, any>} grant @param {Bytes} recipient @param {RecipientKey} key
 */
async function openedBody(grant, recipient, key) {
  const place = concat(LABEL, [SUITE], uuidBytes(grant.id));
  const secrets = await key.open(unb64(grant.head, HEAD), concat(place, recipient));
  const sealed = unb64(grant.body);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", sealed));
  const isBound = equal(secrets.subarray(0, BOUND), concat(be64(grant.expires), digest));
  if (!isBound || sealed.length > LARGEST_BODY + 16) throw new OpenError("grant_tampered");
  const cipher = await crypto.subtle.importKey("raw", secrets.subarray(BOUND), "AES-GCM", false, ["decrypt"]);
  secrets.fill(0);
  const algorithm = { name: "AES-GCM", iv: unb64(grant.nonce, NONCE), additionalData: place };
  return new Uint8Array(await crypto.subtle.decrypt(algorithm, cipher, sealed));
}

/**
 * The body with its keys imported: each blob named once, each place within its blob.
 * @param {unknown} body
 * @returns {Promise<GrantBody>}
 */
async function consistent(body) {
  const found = members(body, ["blobs", "documents", "series"]);
  const opened = await Promise.all(items(found.blobs).map(openBlob));
  const blobs = new Map(opened.map((blob) => [blob.id, blob]));
  const documents = items(found.documents).map(readDocument);
  const series = items(found.series).map(readSeries);
  const lies = documents.some((each) => each.offset + each.length > (blobs.get(each.blob)?.size ?? -1));
  const names = series.every((each) => each.blobs.every((blob) => blobs.has(blob)));
  if (blobs.size !== opened.length || lies || !names) throw new OpenError("grant_tampered");
  return { blobs, documents, series };
}

/** @param {unknown} value */
function openBlob(value) {
  const found = members(value, BLOB);
  const kind = integer(found.kind, 1);
  if (kind > KINDS) throw new OpenError("grant_tampered");
  const sealed = {
    blob: identifier(found.blob),
    version: integer(found.version, 1),
    kind,
    commitment: unb64(found.commitment, 32),
    header: unb64(found.header, 40),
    plaintextSize: integer(found.plaintext_size),
    ciphertextSize: integer(found.ciphertext_size),
  };
  return OpenBlob.from(sealed, unb64(found.key, 32));
}

/** @param {unknown} value @returns {GrantedDocument} */
function readDocument(value) {
  const found = members(value, DOCUMENT);
  return {
    id: identifier(found.id),
    mediaType: text(found.media_type, 256),
    blob: identifier(found.blob),
    offset: integer(found.offset),
    length: integer(found.length),
    sha256: unb64(found.sha256, 32),
  };
}

/** @param {unknown} value @returns {GrantedSeries} */
function readSeries(value) {
  const found = members(value, ["study", "series", "blobs"]);
  return { study: text(found.study, 64), series: text(found.series, 64), blobs: items(found.blobs).map(identifier) };
}

/**
 * The name of a public key: the first 16 hexadecimal digits of its SHA-256.
 * @param {Bytes} publicRaw
 */
export async function keyId(publicRaw) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", publicRaw));
  return Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The keys that sign grants, out of the answer of `GET /audit/keys`; each named by what it is, not by what it is called.
 * @param {unknown} answer
 * @returns {Promise<PinnedKeys>}
 */
export async function grantKeys(answer) {
  /** @type {Record<string, string>} */
  const found = {};
  try {
    for (const key of items(/** @type {any} */ (answer).keys)) {
      if (key.use !== "grant") continue;
      const raw = unb64(key.public, 32);
      found[await keyId(raw)] = b64(raw);
    }
  } catch {
    throw new OpenError("bad_answer");
  }
  return found;
}
