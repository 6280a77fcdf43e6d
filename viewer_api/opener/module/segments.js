// @ts-check
/**
 * One range of an object: fetched, and its segments opened while they arrive. Runs in the page or in the worker.
 *
 * A segment is authentic by itself and its number is the range's, so that what is cut out of opened segments may
 * leave before the range has ended; nothing of a segment that does not open leaves.
 */

import { SEGMENT, border } from "./blob.js";
import { OpenError } from "./errors.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {{offset: number, length: number}} Cut plaintext bytes of the blob */

/**
 * @typedef {object} RangeTask all that is needed to open a range, fit to be sent to a worker
 * @property {string} url absolute
 * @property {number} start first byte of ciphertext
 * @property {number} stop behind the last one
 * @property {number} size bytes of the whole object, as the grant says
 * @property {CryptoKey} segmentKey
 * @property {Bytes} noncePrefix
 * @property {Cut[]} cuts
 */

const PARTIAL = 206;
const CONTENT_RANGE = /^bytes ([0-9]{1,16})-([0-9]{1,16})\/([0-9]{1,16}|\*)$/;
/** Segments that are being opened at once: one core is kept busy, and no more is held. */
const AT_ONCE = 32;

/** An answer that is no range: its status decides what is done. */
export class Unsuccessful extends Error {
  /** @param {number} status @param {string} retryAfter @param {string} body */
  constructor(status, retryAfter, body) {
    super(`status ${status}`);
    this.status = status;
    this.retryAfter = retryAfter;
    this.body = body;
  }
}

/**
 * Fetches the range and hands out each cut once, as soon as its bytes are opened.
 *
 * Raises `OpenError` "short_range", "store_hides_range", "blob_size_mismatch" or "blob_corrupt", `Unsuccessful`, and
 * what fetch raises.
 * @param {RangeTask} task
 * @param {AbortSignal} signal
 * @param {(cut: number, bytes: Bytes) => void} deliver
 */
export async function openRange(task, signal, deliver) {
  const answer = await fetch(task.url, {
    headers: { Range: `bytes=${task.start}-${task.stop - 1}` },
    signal,
    // the address says it all; what a cache held would be ciphertext of a grant that may have ended
    credentials: "omit",
    cache: "no-store",
    redirect: "error",
    referrerPolicy: "no-referrer",
  });
  if (!answer.ok) throw new Unsuccessful(answer.status, answer.headers.get("retry-after") ?? "", await shortBody(answer));
  try {
    checkRange(answer, task);
    await openSegments(answer, task, deliver);
  } catch (error) {
    answer.body?.cancel().catch(() => {});
    throw error;
  }
}

/** @param {Response} answer @param {RangeTask} task */
function checkRange(answer, { start, stop, size }) {
  if (answer.status !== PARTIAL) throw new OpenError("short_range");
  const said = answer.headers.get("content-range");
  if (said === null && answer.type === "cors") throw new OpenError("store_hides_range");
  const found = CONTENT_RANGE.exec(said ?? "");
  if (!found || Number(found[1]) !== start || Number(found[2]) !== stop - 1) throw new OpenError("short_range");
  if (found[3] !== "*" && Number(found[3]) !== size) throw new OpenError("blob_size_mismatch");
}

/**
 * Opens the segments of a range that are in an answer's body.
 * @param {Response} answer @param {RangeTask} task @param {(cut: number, bytes: Bytes) => void} deliver
 */
export async function openSegments(answer, task, deliver) {
  const segments = new Segments(task, deliver);
  const reader = answer.body?.getReader();
  for (let next; reader && !(next = await reader.read()).done; ) {
    segments.take(next.value);
    if (segments.isBusy) await segments.turn();
  }
  await segments.end();
}

/** The segments of a range as their bytes come, whatever the pieces. */
class Segments {
  /** @param {RangeTask} task @param {(cut: number, bytes: Bytes) => void} deliver */
  constructor(task, deliver) {
    this.task = task;
    this.cuts = new Cuts(task.cuts, deliver);
    this.at = task.start;
    this.last = Math.floor((task.size - 1) / SEGMENT);
    this.held = new Uint8Array(SEGMENT);
    this.filled = 0;
    /** @type {Set<Promise<void>>} */
    this.opening = new Set();
  }

  get isBusy() {
    return this.opening.size >= AT_ONCE;
  }

  /** Until one of those that are being opened is. */
  async turn() {
    await Promise.race(this.opening);
  }

  /** @param {Uint8Array<ArrayBuffer>} piece */
  take(piece) {
    if (this.at + piece.length > this.task.stop) throw new OpenError("short_range");
    for (let from = 0; from < piece.length; ) {
      const size = this.segmentEnd() - this.at + this.filled;
      const part = piece.subarray(from, from + size - this.filled);
      from += part.length;
      this.at += part.length;
      if (part.length === size) this.open(part); // WebCrypto copies what it is given, before it returns
      else this.hold(part, size);
    }
  }

  /** A segment that comes in several pieces. @param {Uint8Array} part @param {number} size of the segment */
  hold(part, size) {
    this.held.set(part, this.filled);
    this.filled += part.length;
    if (this.filled < size) return;
    this.filled = 0;
    this.open(this.held.subarray(0, size));
  }

  segmentEnd() {
    return Math.min((Math.floor(this.at / SEGMENT) + 1) * SEGMENT, this.task.stop);
  }

  /** @param {Bytes} sealed a whole segment, the last byte of which is the last that was taken */
  open(sealed) {
    const opened = this.openOne(Math.floor((this.at - 1) / SEGMENT), sealed);
    this.opening.add(opened);
    // one that fails is met by who waits for a turn, or at the end
    opened.then(() => this.opening.delete(opened), () => {});
  }

  /** @param {number} index @param {Bytes} sealed */
  async openOne(index, sealed) {
    const iv = new Uint8Array(12);
    iv.set(this.task.noncePrefix);
    new DataView(iv.buffer).setUint32(7, index);
    iv[11] = index === this.last ? 1 : 0;
    let plain;
    try {
      plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, this.task.segmentKey, sealed);
    } catch {
      throw new OpenError("blob_corrupt");
    }
    this.cuts.put(border(index), new Uint8Array(plain));
  }

  async end() {
    await Promise.all(this.opening);
    if (this.at !== this.task.stop) throw new OpenError("short_range");
  }
}

/** What is wanted of a range, filled as segments are opened, in whatever order. */
class Cuts {
  /** @param {Cut[]} cuts @param {(cut: number, bytes: Bytes) => void} deliver */
  constructor(cuts, deliver) {
    this.deliver = deliver;
    this.open = cuts.map((cut, number) => ({ number, ...cut, left: cut.length, bytes: new Uint8Array(cut.length) }));
  }

  /** @param {number} at where these plaintext bytes begin @param {Bytes} plain */
  put(at, plain) {
    const end = at + plain.length;
    let isAny = false;
    for (const cut of this.open) {
      const from = Math.max(at, cut.offset), to = Math.min(end, cut.offset + cut.length);
      if (from >= to) continue;
      cut.bytes.set(plain.subarray(from - at, to - at), from - cut.offset);
      cut.left -= to - from;
      if (!cut.left) {
        isAny = true;
        this.deliver(cut.number, cut.bytes);
      }
    }
    if (isAny) this.open = this.open.filter((cut) => cut.left);
  }
}

const LONGEST_PROBLEM = 16384;

/** What a refusal says, cut. @param {Response} answer */
async function shortBody(answer) {
  try {
    return (await answer.text()).slice(0, LONGEST_PROBLEM);
  } catch {
    return "";
  }
}

