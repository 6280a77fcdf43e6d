// What the browser keeps between two visits: the log's key, name and last checkpoint, and of each record the
// leaf hashes of lines that were shown. None of it says whose record it is, or what a line was about.

import { base64url, sha256, utf8 } from "./encoding.js";

const LOG = "coffre-log-v1";
const MOST_LINES = 500; // of a record, the newest

/**
 * @typedef {object} KeptLog
 * @property {string} key the log's public key, base64url, as at the first visit
 * @property {string} origin
 * @property {string} note the last signed checkpoint
 */

/** What is kept, over the browser's own store of this site. */
export class KeptState {
  /** @param {Pick<Storage, "getItem" | "setItem" | "removeItem">} storage */
  constructor(storage) {
    this.storage = storage;
  }

  /** @returns {KeptLog | null} */
  log() {
    const found = this.#read(LOG);
    const isWhole = ["key", "origin", "note"].every((name) => typeof found?.[name] === "string");
    return isWhole ? found : null;
  }

  /** @param {KeptLog} log */
  keepLog({ key, origin, note }) {
    this.storage.setItem(LOG, JSON.stringify({ key, origin, note }));
  }

  /** Begin anew, as at a first visit. The lines that were seen stay. */
  forgetLog() {
    this.storage.removeItem(LOG);
  }

  /**
   * @param {string} record public id
   * @returns {Promise<Record<string, string>>} leaf hashes by number
   */
  async seen(record) {
    return this.#read(await nameOf(record)) ?? {};
  }

  /** @param {string} record @param {Record<string, string>} lines */
  async keepSeen(record, lines) {
    const all = { ...(await this.seen(record)), ...lines };
    const newest = Object.keys(all).sort((one, other) => Number(other) - Number(one));
    const kept = Object.fromEntries(newest.slice(0, MOST_LINES).map((seq) => [seq, all[seq]]));
    this.storage.setItem(await nameOf(record), JSON.stringify(kept));
  }

  /** @param {string} name @returns {any} */
  #read(name) {
    try {
      const found = JSON.parse(this.storage.getItem(name) ?? "null");
      return typeof found === "object" ? found : null;
    } catch {
      return null;
    }
  }
}

/** @param {string} record */
async function nameOf(record) {
  return `${LOG}.${base64url(await sha256(utf8(`${LOG}\n${record}`)))}`;
}
