// @ts-check
/** Addresses of a grant's objects, and new ones where they have ended: each renewal is decided again. */

import { OpenError } from "./errors.js";
import { attempted, Refusal } from "./http.js";
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
    if (await this.#opened(blob, task, what, signal, deliver)) return;
    if (this.#fetchedAt === before) await this.renew(signal);
    if (await this.#opened(blob, task, what, signal, deliver)) return;
    throw new OpenError("no_address");
  }

  /**
   * False where the address has ended, or there is none.
   * @param {string} blob @param {Omit<RangeTask, "url">} task @param {string} what @param {AbortSignal} signal
   * @param {(cut: number, bytes: Bytes) => void} deliver
   */
  async #opened(blob, task, what, signal, deliver) {
    const relative = this.urls.get(blob);
    if (relative === undefined) return false;
    const url = this.server.url(relative);
    try {
      await attempted(signal, () => this.open({ ...task, url }, signal, deliver), this.#lost(url));
    } catch (error) {
      if (error instanceof Unsuccessful) {
        if (ENDED.includes(error.status)) return false;
        throw new Refusal(error.status, error.body);
      }
      throw error;
    }
    this.fetched({ url: url.replace(/[?#].*/, ""), bytes: task.stop - task.start, what });
    return true;
  }

  /** A browser does not tell a store that is away from one that does not admit the page. @param {string} url */
  #lost(url) {
    return this.server.isOwn(url) ? "unreachable" : "store_unreachable";
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
