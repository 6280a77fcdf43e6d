// @ts-check
/** Series metadata, `coffre-series-v1` (docs/formats.md section 1): the manifest of a series, read first. */

import { unb64 } from "./bytes.js";
import { OpenError } from "./errors.js";
import { identifier, integer, items, members, readJson, text } from "./json.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {[offset: number, size: number][]} Pieces of one frame, in bytes from the instance's start */

/**
 * @typedef {object} StoredInstance one SOP instance and its place, in plaintext bytes of its blob
 * @property {string} sop
 * @property {string} blob
 * @property {number} offset
 * @property {number} length
 * @property {Bytes} sha256
 * @property {string} transferSyntax
 * @property {Pieces[] | null} frames null where the stored bytes do not address frames
 * @property {Record<string, any>} dicom DICOM JSON (PS3.18 section F.2) without bulk data
 */

/** Bytes that a document may inflate to. */
export const LARGEST = 256 * 1024 * 1024;
const PIECE = 65536, TAIL = 64;
const FORMAT = "coffre-series-v1";
const INSTANCE = ["sop", "blob", "offset", "length", "sha256", "transfer_syntax", "frames", "dicom"];

/**
 * The instances of one series from its metadata documents, oldest submission first: of an equal SOP Instance UID the
 * last one counts, in the order in which they came. Raises "series_damaged" or "series_too_large".
 * @param {string} study
 * @param {string} series
 * @param {Bytes[]} documents
 */
export async function mergeSeries(study, series, documents) {
  /** @type {Map<string, StoredInstance>} */
  const found = new Map();
  for (const document of documents) {
    for (const each of await readSeries(study, series, document)) {
      found.delete(each.sop);
      found.set(each.sop, each);
    }
  }
  return found;
}

/** @param {string} study @param {string} series @param {Bytes} document gzip */
export async function readSeries(study, series, document) {
  try {
    const found = members(readJson(await inflated(document)), ["format", "study", "series", "instances"]);
    // the grant says which series the blob is of
    if (found.format !== FORMAT || found.study !== study || found.series !== series) throw new OpenError("series_damaged");
    return items(found.instances).map(readInstance);
  } catch (error) {
    throw error instanceof OpenError && error.code === "series_too_large" ? error : new OpenError("series_damaged");
  }
}

/** @param {Bytes} document gzip */
async function inflated(document) {
  const out = joined((await inflatedPieces(document, "gzip", LARGEST)).pieces);
  // RFC 1952 section 2.3.1; not every DecompressionStream refuses what follows the end
  const end = new DataView(document.buffer, document.byteOffset, document.length);
  if (end.getUint32(document.length - 4, true) !== out.length) throw new OpenError("series_damaged");
  return out;
}

/**
 * The data set of a deflated file (PS3.5 section A.5). What follows its end is left: a byte of padding, or the checksum
 * that some writers append, for which browsers end the stream with an error.
 * @param {Bytes} document
 * @param {number} largest
 */
export async function inflatedDataSet(document, largest) {
  return joined((await inflatedPieces(document, "deflate-raw", largest, TAIL)).pieces);
}

/**
 * @param {Bytes} document
 * @param {"gzip" | "deflate-raw"} form
 * @param {number} largest
 * @param {number} [tail] bytes at the end that come one by one, so that what an error ends was read before
 */
async function inflatedPieces(document, form, largest, tail = 0) {
  const reader = pieceByPiece(document, tail).pipeThrough(new DecompressionStream(form)).getReader();
  /** @type {Uint8Array[]} */
  const pieces = [];
  for (let size = 0; ; ) {
    const next = await reader.read().catch((error) => (tail && size ? { done: true, value: undefined } : Promise.reject(error)));
    if (!next.value) return { pieces };
    size += next.value.length;
    if (size > largest) {
      reader.cancel().catch(() => {});
      throw new OpenError("series_too_large");
    }
    pieces.push(next.value);
  }
}

/** @param {Bytes} document @param {number} tail @returns {ReadableStream<Bytes>} */
function pieceByPiece(document, tail) {
  const cut = Math.max(0, document.length - tail);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= document.length) return controller.close();
      const stop = at < cut ? Math.min(cut, at + PIECE) : tail ? at + 1 : document.length;
      controller.enqueue(document.subarray(at, stop));
      at = stop;
    },
  });
}

/** @param {Uint8Array[]} pieces */
function joined(pieces) {
  const out = new Uint8Array(pieces.reduce((size, each) => size + each.length, 0));
  pieces.reduce((at, piece) => (out.set(piece, at), at + piece.length), 0);
  return out;
}

/** @param {unknown} value @returns {StoredInstance} */
function readInstance(value) {
  const found = members(value, INSTANCE);
  const length = integer(found.length);
  if (found.dicom === null || typeof found.dicom !== "object" || Array.isArray(found.dicom)) throw new OpenError("series_damaged");
  return {
    sop: text(found.sop),
    blob: identifier(found.blob),
    offset: integer(found.offset),
    length,
    sha256: unb64(found.sha256, 32),
    transferSyntax: text(found.transfer_syntax),
    frames: found.frames === null ? null : items(found.frames).map((frame) => items(frame).map((piece) => readPiece(piece, length))),
    dicom: found.dicom,
  };
}

/** An instance names no byte of its neighbour. @param {unknown} value @param {number} length @returns {[number, number]} */
function readPiece(value, length) {
  const [offset, size, ...more] = items(value);
  if (more.length || integer(offset) + integer(size, 1) > length) throw new OpenError("series_damaged");
  return [offset, size];
}
