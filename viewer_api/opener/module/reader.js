// @ts-check
/**
 * Wanted places of blobs as the ranges in which their objects are read: what waits and adjoins is joined, a few
 * ranges at once, in bounded memory.
 */

import { border, segmentOf } from "./blob.js";
import { OpenError } from "./errors.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {import("./blob.js").OpenBlob} OpenBlob */

/**
 * @typedef {object} ReadOptions
 * @property {AbortSignal | null} [signal] gives up; the promise rejects with its reason
 * @property {number} [priority] higher goes first; 0 unless said. What is above 0 does not wait for a free turn.
 */

/**
 * @typedef {object} Wanted
 * @property {OpenBlob} blob
 * @property {number} offset
 * @property {number} length
 * @property {string} what
 * @property {number} priority
 * @property {(bytes: Bytes) => void} resolve
 * @property {(error: unknown) => void} reject
 * @property {boolean} isOver answered or given up
 * @property {boolean} isAlone never joined with others again
 * @property {Running | null} running
 */
/** @typedef {{waiting: number, controller: AbortController}} Running */

/** Segments of a joined range: 16 MiB of ciphertext. */
export const LONGEST = 256;
/** Segments in which a long part is read, so that several of its ranges are under way: 8 MiB. */
const PIECE = 128;
/** Ranges at once, and those that may go beyond for what is urgent. */
const AT_ONCE = 4, URGENT = 2;

export class Reader {
  /** @type {Wanted[]} */
  #queue = [];
  /** @type {Set<Running>} */
  #running = new Set();
  #isScheduled = false;
  #isClosed = false;

  /** @param {import("./addresses.js").Addresses} addresses */
  constructor(addresses) {
    this.addresses = addresses;
  }

  /**
   * Plaintext bytes of a blob, out of the segments that hold them and no others.
   * @param {OpenBlob} blob
   * @param {number} offset
   * @param {number} length
   * @param {string} what is read, for those who show it
   * @param {ReadOptions} [options]
   * @returns {Promise<Bytes>}
   */
  async read(blob, offset, length, what, { signal, priority = 0 } = {}) {
    if (offset < 0 || length < 0 || offset + length > blob.size) throw new OpenError("range_past_end");
    if (!length) return new Uint8Array(0);
    const pieces = split(offset, length);
    const ask = (/** @type {{offset: number, length: number}} */ piece) =>
      this.#ask(blob, piece.offset, piece.length, what, priority, signal);
    if (pieces.length === 1) return ask(pieces[0]);
    const out = new Uint8Array(length);
    await Promise.all(pieces.map(async (piece) => out.set(await ask(piece), piece.offset - offset)));
    return out;
  }

  /**
   * The same in pieces, one after the other, a few read ahead.
   * @param {OpenBlob} blob
   * @param {number} offset
   * @param {number} length
   * @param {string} what
   * @param {ReadOptions} [options]
   * @returns {AsyncGenerator<Bytes, void, undefined>}
   */
  async *pieces(blob, offset, length, what, options = {}) {
    const left = length ? split(offset, length) : [];
    const over = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, over.signal]) : over.signal;
    /** @type {Promise<Bytes>[]} */
    const ahead = [];
    try {
      while (left.length || ahead.length) {
        for (let next; ahead.length < AT_ONCE && (next = left.shift()); ) {
          const asked = this.read(blob, next.offset, next.length, what, { ...options, signal });
          asked.catch(() => {}); // told where it is awaited
          ahead.push(asked);
        }
        yield /** @type {Bytes} */ (await ahead.shift());
      }
    } finally {
      over.abort();
    }
  }

  /** Gives up all that waits or is under way; nothing is read afterwards. */
  close() {
    this.#isClosed = true;
    const reason = new OpenError("grant_closed");
    for (const wanted of this.#queue) over(wanted, () => wanted.reject(reason));
    this.#queue = [];
    for (const running of this.#running) running.controller.abort(reason);
  }

  /**
   * @param {OpenBlob} blob @param {number} offset @param {number} length @param {string} what
   * @param {number} priority @param {AbortSignal | null | undefined} signal
   * @returns {Promise<Bytes>}
   */
  #ask(blob, offset, length, what, priority, signal) {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(new OpenError("grant_closed"));
      if (signal?.aborted) return reject(signal.reason);
      const givenUp = () => this.#giveUp(wanted, signal?.reason);
      const unhear = () => signal?.removeEventListener("abort", givenUp);
      /** @type {Wanted} */
      const wanted = {
        blob, offset, length, what, priority, isOver: false, isAlone: false, running: null,
        resolve: (bytes) => (unhear(), resolve(bytes)),
        reject: (error) => (unhear(), reject(error)),
      };
      signal?.addEventListener("abort", givenUp, { once: true });
      this.#queue.push(wanted);
      this.#schedule();
    });
  }

  /** @param {Wanted} wanted @param {unknown} reason */
  #giveUp(wanted, reason) {
    const { running } = wanted;
    this.#queue = this.#queue.filter((each) => each !== wanted);
    over(wanted, () => wanted.reject(reason));
    if (running && !running.waiting) running.controller.abort(reason);
  }

  /** After this turn, so that what is asked for in one go is joined. */
  #schedule() {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      while (this.#hasTurn()) this.#run(this.#nextGroup());
    });
  }

  #hasTurn() {
    const isUrgent = this.#queue.some((each) => each.priority > 0);
    return this.#queue.length > 0 && this.#running.size < AT_ONCE + (isUrgent ? URGENT : 0);
  }

  /** The most urgent that waits, the first of equals, with what adjoins it: a range at most `LONGEST` segments long. */
  #nextGroup() {
    const first = this.#queue.reduce((best, each) => (each.priority > best.priority ? each : best));
    const group = first.isAlone ? [first] : adjoining(first, this.#queue);
    this.#queue = this.#queue.filter((each) => !group.includes(each));
    return group;
  }

  /** @param {Wanted[]} group */
  async #run(group) {
    const running = { waiting: group.length, controller: new AbortController() };
    this.#running.add(running);
    for (const wanted of group) wanted.running = running;
    try {
      await this.#readGroup(group, running.controller.signal);
    } catch (error) {
      this.#failed(group, error, running.controller.signal.aborted);
    } finally {
      this.#running.delete(running);
      this.#schedule();
    }
  }

  /** @param {Wanted[]} group @param {AbortSignal} signal */
  async #readGroup(group, signal) {
    const { blob, what } = group[0];
    const offset = Math.min(...group.map((each) => each.offset));
    const end = Math.max(...group.map((each) => each.offset + each.length));
    const task = {
      ...blob.span(offset, end - offset),
      size: blob.ciphertextSize,
      segmentKey: blob.segmentKey,
      noncePrefix: blob.noncePrefix,
      cuts: group.map((each) => ({ offset: each.offset, length: each.length })),
    };
    await this.addresses.read(blob.id, task, what, signal, (cut, bytes) =>
      over(group[cut], () => group[cut].resolve(bytes)),
    );
  }

  /**
   * Who shared a range with a damaged neighbour gets one of his own.
   * @param {Wanted[]} group @param {unknown} error @param {boolean} isAborted
   */
  #failed(group, error, isAborted) {
    const left = group.filter((each) => !each.isOver);
    if (isAborted || this.#isClosed || group.length === 1) {
      for (const each of left) over(each, () => each.reject(error));
      return;
    }
    for (const each of left) {
      each.isAlone = true;
      each.running = null;
    }
    this.#queue.unshift(...left);
  }
}

/** Answers once. @param {Wanted} wanted @param {() => void} answer */
function over(wanted, answer) {
  if (wanted.isOver) return;
  wanted.isOver = true;
  if (wanted.running) wanted.running.waiting--;
  answer();
}

/** Pieces of at most `PIECE` segments that end where a segment ends, so that none is fetched twice. @param {number} offset @param {number} length */
function split(offset, length) {
  const end = offset + length, pieces = [];
  for (let at = offset; at < end; ) {
    const stop = Math.min(end, border(segmentOf(at) + PIECE));
    pieces.push({ offset: at, length: stop - at });
    at = stop;
  }
  return pieces;
}

/**
 * What waits for the same object and lies beside `first`, no segment being between them. What lies between two parts,
 * such as one that is masked, is not fetched unless it shares their last or first segment.
 * @param {Wanted} first @param {Wanted[]} queue
 */
function adjoining(first, queue) {
  const near = queue.filter((each) => each.blob === first.blob && !each.isAlone && each.what === first.what);
  near.sort((one, other) => one.offset - other.offset);
  const at = near.indexOf(first), group = [first];
  let low = segmentOf(first.offset), high = lastSegment(first);
  for (const each of near.slice(at + 1)) {
    const grown = Math.max(high, lastSegment(each));
    if (segmentOf(each.offset) > high + 1 || grown - low >= LONGEST) break;
    high = grown;
    group.push(each);
  }
  for (const each of near.slice(0, at).reverse()) {
    if (lastSegment(each) < low - 1 || high - segmentOf(each.offset) >= LONGEST) break;
    low = Math.min(low, segmentOf(each.offset));
    group.push(each);
  }
  return group;
}

/** @param {Wanted} wanted */
function lastSegment({ offset, length }) {
  return segmentOf(offset + length - 1);
}
