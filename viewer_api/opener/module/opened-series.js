// @ts-check
/** A series in the hands of its recipient: what it consists of, and its frames, files and values. */

import { checkedDigest, checkHoldable, verified } from "./digests.js";
import { OpenError } from "./errors.js";
import { inflatedDataSet } from "./series.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {import("./series.js").StoredInstance} StoredInstance */
/** @typedef {import("./reader.js").ReadOptions} ReadOptions */

/**
 * @typedef {object} Instance
 * @property {string} sop
 * @property {string} transferSyntax of the stored file
 * @property {number} frames how many can be read; 0 for what is no image
 * @property {number} size bytes of the file
 * @property {Record<string, any>} dicom DICOM JSON without bulk data
 */
/** @typedef {{bytes: Bytes, transferSyntax: string}} Frame */

const PIXELS = "7FE00010";
const DEFLATED = "1.2.840.10008.1.2.1.99", EXPLICIT = "1.2.840.10008.1.2.1";
const REFERENCE = /^\?(inflated&)?offset=(0|[1-9][0-9]{0,15})&length=([1-9][0-9]{0,15})$/;
/** Bytes that a deflated instance may inflate to. */
const LARGEST_INFLATED = 1024 ** 3;
const META_LENGTH_AT = 140, META_AT = 144; // PS3.10 section 7.1: preamble, DICM, (0002,0000) UL

export class OpenedSeries {
  #grant;
  #stored;
  /** @type {{sop: string, bytes: Promise<Bytes>} | null} */
  #lastInflated = null;

  /**
   * @param {import("./opened-grant.js").Holding} grant
   * @param {string} study
   * @param {string} series
   * @param {Map<string, StoredInstance>} stored
   */
  constructor(grant, study, series, stored) {
    this.#grant = grant;
    this.#stored = stored;
    this.study = study;
    this.series = series;
    /** @type {Instance[]} */
    this.instances = [...stored.values()].map((each) => ({
      sop: each.sop,
      transferSyntax: each.transferSyntax,
      frames: each.frames?.length ?? inflatedFrames(each)?.count ?? 0,
      size: each.length,
      dicom: each.dicom,
    }));
  }

  /**
   * Frame `n`, counted from 1, as it was deposited: compressed ones stay so, padding included. Only the segments that
   * hold it are fetched, and what was sealed is authentic; its SHA-256 is that of the whole file, which this does not read.
   *
   * Frames of a deflated file come inflated, in Explicit VR Little Endian. Raises "no_such_frame".
   * @param {string} sop
   * @param {number} n
   * @param {ReadOptions} [options]
   * @returns {Promise<Frame>}
   */
  async frame(sop, n, options) {
    const one = this.#instance(sop);
    if (one.frames === null) return this.#inflatedFrame(one, n, options);
    const pieces = one.frames[n - 1];
    if (!pieces?.length) throw new OpenError("no_such_frame");
    const first = Math.min(...pieces.map(([start]) => start));
    const last = Math.max(...pieces.map(([start, size]) => start + size));
    const span = await this.#read(one, first, last - first, "frames", options);
    return { bytes: pieces.length === 1 ? span : joined(span, first, pieces), transferSyntax: one.transferSyntax };
  }

  /**
   * The DICOM file as it was deposited, its SHA-256 checked. Raises "digest_mismatch", "too_large_for_memory".
   * @param {string} sop
   * @param {ReadOptions} [options]
   * @returns {Promise<Bytes>}
   */
  async instance(sop, options) {
    const one = this.#instance(sop);
    checkHoldable(one.length);
    return checkedDigest(await this.#read(one, 0, one.length, "instance", options), one.sha256);
  }

  /**
   * The same in pieces of at most 8 MiB; the stream fails at its end where the SHA-256 is another one.
   * @param {string} sop
   * @param {ReadOptions} [options]
   * @returns {AsyncGenerator<Bytes, void, undefined>}
   */
  instanceStream(sop, options) {
    const one = this.#instance(sop);
    return verified(this.#grant.pieces(one.blob, one.offset, one.length, "instance", options), one.sha256);
  }

  /**
   * A value that metadata refers to, such as an encapsulated PDF: `reference` is the text of its `BulkDataURI`. Raises
   * "no_such_bulkdata".
   * @param {string} sop
   * @param {string} reference
   * @param {ReadOptions} [options]
   * @returns {Promise<Bytes>}
   */
  async bulkData(sop, reference, options) {
    const one = this.#instance(sop);
    const found = REFERENCE.exec(reference);
    if (!found) throw new OpenError("no_such_bulkdata");
    const offset = Number(found[2]), length = Number(found[3]);
    if (found[1]) {
      const whole = await this.#inflated(one, options);
      if (offset + length > whole.length) throw new OpenError("no_such_bulkdata");
      return whole.slice(offset, offset + length);
    }
    if (offset + length > one.length) throw new OpenError("no_such_bulkdata");
    checkHoldable(length);
    return this.#read(one, offset, length, "bulk data", options);
  }

  /** @param {string} sop */
  #instance(sop) {
    const found = this.#stored.get(sop);
    if (!found) throw new OpenError("no_such_instance");
    return found;
  }

  /** @param {StoredInstance} one @param {number} offset @param {number} length @param {string} what @param {ReadOptions} [options] */
  #read(one, offset, length, what, options) {
    return this.#grant.read(one.blob, one.offset + offset, length, what, options);
  }

  /** @param {StoredInstance} one @param {number} n @param {ReadOptions} [options] @returns {Promise<Frame>} */
  async #inflatedFrame(one, n, options) {
    const place = inflatedFrames(one);
    if (!place || !Number.isInteger(n) || n < 1 || n > place.count) throw new OpenError("no_such_frame");
    const whole = await this.#inflated(one, options);
    const at = place.offset + (n - 1) * place.size;
    if (at + place.size > whole.length) throw new OpenError("no_such_frame");
    return { bytes: whole.slice(at, at + place.size), transferSyntax: EXPLICIT };
  }

  /** The data set of a deflated file (PS3.5 section A.5); the last one is kept. @param {StoredInstance} one @param {ReadOptions} [options] */
  #inflated(one, options) {
    if (one.transferSyntax !== DEFLATED) throw new OpenError("no_such_bulkdata");
    if (this.#lastInflated?.sop !== one.sop) {
      const bytes = this.instance(one.sop, options).then(dataSetOf);
      this.#lastInflated = { sop: one.sop, bytes };
      bytes.catch(() => {
        if (this.#lastInflated?.bytes === bytes) this.#lastInflated = null;
      });
    }
    return this.#lastInflated.bytes;
  }
}

/** @param {Bytes} file */
async function dataSetOf(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  if (file.length < META_AT) throw new OpenError("no_such_bulkdata");
  const start = META_AT + view.getUint32(META_LENGTH_AT, true);
  try {
    return await inflatedDataSet(file.subarray(start), LARGEST_INFLATED);
  } catch {
    throw new OpenError("no_such_bulkdata");
  }
}

/**
 * Where the frames of a deflated instance lie in what it inflates to (PS3.5 section 8.1: native, one after the other).
 * @param {StoredInstance} one
 */
function inflatedFrames({ frames, transferSyntax, dicom }) {
  const found = frames === null && transferSyntax === DEFLATED ? REFERENCE.exec(dicom[PIXELS]?.BulkDataURI ?? "") : null;
  if (!found?.[1]) return null;
  const value = (/** @type {string} */ tag) => Number(dicom[tag]?.Value?.[0]);
  const count = value("00280008") || 1;
  const bits = value("00280010") * value("00280011") * value("00280002") * value("00280100");
  const size = bits / 8;
  if (!Number.isInteger(count) || !Number.isInteger(size) || size < 1 || count * size > Number(found[3])) return null;
  return { offset: Number(found[2]), count, size };
}

/** @param {Bytes} span @param {number} first @param {import("./series.js").Pieces} pieces */
function joined(span, first, pieces) {
  const out = new Uint8Array(pieces.reduce((size, [, length]) => size + length, 0));
  let at = 0;
  for (const [start, size] of pieces) {
    out.set(span.subarray(start - first, start - first + size), at);
    at += size;
  }
  return out;
}
