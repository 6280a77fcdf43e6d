// @ts-check
/** Addresses of a grant's objects, and new ones where they have ended: each renewal is decided again. */

import { OpenError } from "./errors.js";
import { attempted, ATTEMPTS, Refusal } from "./http.js";
import { openRange, Unsuccessful } from "./segments.js";

/** @typedef {import("./segments.js").RangeTask} RangeTask */
/** @typedef {import("./bytes.js").Bytes} Bytes */

/**
 * @callback OpenRange opens a range here or in a worker
 * @param {RangeTask} task
 * @param {AbortSignal} signal
 * @param {(cut: number, bytes: Bytes) => void} deliver
 * @returns {Promise<void>}
 */

const ENDED = [401, 403];
const ELSEWHERE = "store_unreachable";
/** Attempts at a store of another origin, before and after its address is renewed. */
const FEW = 2;
/** Addresses live five minutes at most; older ones are renewed before they are used. */
const FRESH_MS = 240_000;

export class Addresses {
  /** @type {Promise<void> | null} */
  #renewing = null;
  #fetchedAt = Date.now();

  /**
   * @param {import("./http.js").Server} server
   * @param {string} grantId
   * @param {unknown} urls
   * @param {(note: {url: string, bytes: number, what: string}) => void} fetched
   * @param {OpenRange} [open]
   */
  constructor(server, grantId, urls, fetched, open = openRange) {
    this.server = server;
    this.grantId = grantId;
    this.urls = read(urls);
    this.fetched = fetched;
    this.open = open;
  }

  /**
   * Opens a range of a blob; an address that has ended is renewed once. Raises what `openRange` raises, "no_address",
   * "store_unreachable" or the refusal of a renewal.
   * @param {string} blob
   * @param {Omit<RangeTask, "url">} task
   * @param {string} what is read, for those who show it
   * @param {AbortSignal} signal
   * @param {(cut: number, bytes: Bytes) => void} deliver
   */
  async read(blob, task, what, signal, deliver) {
    if (Date.now() - this.#fetchedAt > FRESH_MS) await this.renew(signal);
    const before = this.#fetchedAt;
    let refused = await this.#opened(blob, task, what, signal, deliver);
    if (refused && this.#fetchedAt === before) await this.renew(signal);
    if (refused) refused = await this.#opened(blob, task, what, signal, deliver);
    if (refused) throw refused;
  }

  /**
   * Null where it was opened; what to raise where the address may have ended, or there is none.
   * @param {string} blob @param {Omit<RangeTask, "url">} task @param {string} what @param {AbortSignal} signal
   * @param {(cut: number, bytes: Bytes) => void} deliver
   * @returns {Promise<OpenError | null>}
   */
  async #opened(blob, task, what, signal, deliver) {
    const relative = this.urls.get(blob);
    if (relative === undefined) return new OpenError("no_address");
    const url = this.server.url(relative);
    const lost = this.#lost(url);
    try {
      await attempted(signal, () => this.open({ ...task, url }, signal, deliver), lost, lost === ELSEWHERE ? FEW : ATTEMPTS);
    } catch (error) {
      if (error instanceof Unsuccessful) {
        if (ENDED.includes(error.status)) return new OpenError("no_address");
        throw new Refusal(error.status, error.body);
      }
      // some stores refuse an ended address without saying that the page may read the refusal
      if (error instanceof OpenError && error.code === ELSEWHERE) return error;
      throw error;
    }
    this.fetched({ url: url.replace(/[?#].*/, ""), bytes: task.stop - task.start, what });
    return null;
  }

  /** A browser does not tell a store that is away from one that does not admit the page. @param {string} url */
  #lost(url) {
    return this.server.isOwn(url) ? "unreachable" : ELSEWHERE;
  }

  /**
   * New addresses, asked for once however many reads met their end.
   * @param {AbortSignal | null} [signal]
   */
  async renew(signal) {
    this.#renewing ??= this.#renewed().finally(() => (this.#renewing = null));
    await this.#renewing;
    if (signal?.aborted) throw signal.reason;
  }

  async #renewed() {
    const path = `/grants/${this.grantId}/urls`;
    const { found, bytes } = await this.server.json("POST", path);
    this.urls = read(found?.urls);
    this.#fetchedAt = Date.now();
    this.fetched({ url: this.server.route(path), bytes, what: "addresses" });
  }
}

/** @param {unknown} urls @returns {Map<string, string>} */
function read(urls) {
  const isMap = urls !== null && typeof urls === "object" && !Array.isArray(urls);
  if (!isMap || !Object.values(urls).every((url) => typeof url === "string")) throw new OpenError("bad_answer");
  return new Map(Object.entries(urls));
}
