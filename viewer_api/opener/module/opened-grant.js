// @ts-check
/** A grant in the hands of its recipient: documents, series, small pictures. */

import { RENDITION, SERIES_METADATA } from "./blob.js";
import { checkedDigest, checkHoldable, verified } from "./digests.js";
import { OpenError } from "./errors.js";
import { OpenedSeries } from "./opened-series.js";
import { Reader } from "./reader.js";
import { LARGEST_STRIP, readRendition } from "./rendition.js";
import { LARGEST, mergeSeries } from "./series.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {import("./grant.js").GrantBody} GrantBody */
/** @typedef {import("./grant.js").GrantedSeries} GrantedSeries */
/** @typedef {import("./reader.js").ReadOptions} ReadOptions */
/** @typedef {import("./rendition.js").Rendition} Rendition */
/** @typedef {{which?: number}} Which of several series with the same UIDs, from 0: two structures may use the same */

/** The keys of a grant, and how its blobs are read; empty once it is closed. */
export class Holding {
  /** @type {GrantBody | null} */
  #body;
  #reader;

  /** @param {GrantBody} body @param {import("./addresses.js").Addresses} addresses */
  constructor(body, addresses) {
    this.#body = body;
    this.addresses = addresses;
    this.#reader = new Reader(addresses);
  }

  get body() {
    if (this.#body === null) throw new OpenError("grant_closed");
    return this.#body;
  }

  /** @param {string} id */
  blob(id) {
    const found = this.body.blobs.get(id);
    if (!found) throw new OpenError("not_granted");
    return found;
  }

  /** @param {string} blob @param {number} offset @param {number} length @param {string} what @param {ReadOptions} [options] */
  async read(blob, offset, length, what, options) {
    return this.#reader.read(this.blob(blob), offset, length, what, options);
  }

  /** @param {string} blob @param {number} offset @param {number} length @param {string} what @param {ReadOptions} [options] */
  pieces(blob, offset, length, what, options) {
    return this.#reader.pieces(this.blob(blob), offset, length, what, options);
  }

  /** All of a blob. @param {string} id @param {number} largest @param {string} what @param {ReadOptions} [options] */
  async whole(id, largest, what, options) {
    const blob = this.blob(id);
    if (blob.size > largest) throw new OpenError("series_too_large");
    return this.#reader.read(blob, 0, blob.size, what, options);
  }

  close() {
    this.#body = null;
    this.#reader.close();
  }
}

export class OpenedGrant {
  #holding;
  #closed;

  /**
   * @param {Record<string, any>} grant checked
   * @param {GrantBody} body
   * @param {import("./addresses.js").Addresses} addresses
   * @param {() => void} [closed] told when it is closed
   */
  constructor(grant, body, addresses, closed = () => {}) {
    this.#holding = new Holding(body, addresses);
    this.#closed = closed;
    /** @type {string} */
    this.id = grant.id;
    /** Public id of the record. @type {string} */
    this.record = grant.record;
    /** @type {string} */
    this.purpose = grant.purpose;
    /** Unix seconds. @type {number} */
    this.issued = grant.issued;
    /** Unix seconds; afterwards addresses are not renewed any more. @type {number} */
    this.expires = grant.expires;
    /** Leaf hash of the line that this grant left in the audit log, base64url. @type {string} */
    this.event = grant.event;
    /** What stands alone: PDF, CDA and others; images are in `series`. */
    this.documents = body.documents.map(({ id, mediaType, length }) => ({ id, mediaType, size: length }));
    this.series = body.series.map(({ study, series }) => ({ study, series }));
  }

  /**
   * A document as it was deposited, its SHA-256 checked. Raises "no_such_document", "digest_mismatch",
   * "too_large_for_memory".
   * @param {string} id
   * @param {ReadOptions} [options]
   * @returns {Promise<Bytes>}
   */
  async document(id, options) {
    const { blob, offset, length, sha256 } = this.#document(id);
    checkHoldable(length);
    return checkedDigest(await this.#holding.read(blob, offset, length, "document", options), sha256);
  }

  /**
   * The same in pieces of at most 8 MiB; the stream fails at its end where the SHA-256 is another one.
   * @param {string} id
   * @param {ReadOptions} [options]
   * @returns {AsyncGenerator<Bytes, void, undefined>}
   */
  documentStream(id, options) {
    const { blob, offset, length, sha256 } = this.#document(id);
    return verified(this.#holding.pieces(blob, offset, length, "document", options), sha256);
  }

  /**
   * Reads the metadata of a series, which says where its frames lie. Raises "no_such_series", "series_damaged",
   * "series_too_large".
   * @param {string} study
   * @param {string} series
   * @param {ReadOptions & Which} [options]
   */
  async openSeries(study, series, options) {
    const ids = this.#blobs(study, series, SERIES_METADATA, options);
    const documents = await Promise.all(ids.map((id) => this.#holding.whole(id, LARGEST, "series metadata", options)));
    return new OpenedSeries(this.#holding, study, series, await mergeSeries(study, series, documents));
  }

  /**
   * The small picture of a series, a JPEG, after one request; null where it has none. Raises "rendition_not_valid".
   * @param {string} study
   * @param {string} series
   * @param {ReadOptions & Which} [options]
   * @returns {Promise<Bytes | null>}
   */
  async overview(study, series, options) {
    const last = this.#blobs(study, series, RENDITION, options).at(-1);
    const found = last === undefined ? null : await this.#rendition(study, series, last, options);
    return found?.form === "overview" ? found.jpeg : null;
  }

  /**
   * Small frames of a series on one JPEG, and which they are; null where it has no strip. Raises "rendition_not_valid".
   * @param {string} study
   * @param {string} series
   * @param {ReadOptions & Which} [options]
   * @returns {Promise<Rendition | null>}
   */
  async strip(study, series, options) {
    const [strip, overview] = this.#blobs(study, series, RENDITION, options);
    return overview === undefined ? null : this.#rendition(study, series, strip, options);
  }

  /** New addresses of the objects; the server decides again. @param {{signal?: AbortSignal | null}} [options] */
  async renew({ signal } = {}) {
    void this.#holding.body;
    await this.#holding.addresses.renew(signal);
  }

  /** Lets go of the keys at once; what is under way is given up. */
  close() {
    this.#holding.close();
    this.#closed();
  }

  /** @param {string} id */
  #document(id) {
    const found = this.#holding.body.documents.find((each) => each.id === id);
    if (!found) throw new OpenError("no_such_document");
    return found;
  }

  /** @param {string} study @param {string} series @param {number} kind @param {Which} [options] */
  #blobs(study, series, kind, { which = 0 } = {}) {
    const alike = this.#holding.body.series.filter((each) => each.study === study && each.series === series);
    if (!alike[which]) throw new OpenError("no_such_series");
    return alike[which].blobs.filter((id) => this.#holding.blob(id).kind === kind);
  }

  /** @param {string} study @param {string} series @param {string} blob @param {ReadOptions} [options] */
  async #rendition(study, series, blob, options) {
    return readRendition(study, series, await this.#holding.whole(blob, LARGEST_STRIP, "rendition", options));
  }
}
