// @ts-check
/**
 * Studies that this worker may open, each under one grant: keys live here, in memory, and nowhere else (docs/adr/0025).
 *
 * A grant is asked for with the first request and used until it ends; each range is decided again by who gives it.
 */

import { Opener, OpenError, RecipientKey } from "/opener/index.js";

/** @typedef {import("/opener/index.js").OpenedGrant} OpenedGrant */
/** @typedef {import("/opener/index.js").OpenedSeries} OpenedSeries */
/** @typedef {{error: unknown, until: number}} Refusal */
/** @typedef {{asked: Promise<OpenedStudy>, opened: OpenedStudy | null}} Entry */

/** Images of all series whose descriptions are kept: some 60 MB at most, and a longer series alone. */
export const MOST_INSTANCES = 6000;
/** Milliseconds after which a list is asked for under a grant of what is published by then. */
const FRESH_MS = 60_000;
/** Milliseconds for which a refusal is repeated: a viewer asks for hundreds of frames, the log needs one line. */
const REFUSED_MS = 10_000;
/** Milliseconds that a grant which was replaced is left to what is under way. */
export const LEAVING_MS = 60_000;
const ENDS_EARLY_S = 15;
const ENDED = new Set(["grant_closed", "grant_expired", "no_address", "no_such_grant"]);
const ABSENT = new Set(["no_such_series", "no_such_instance"]);

/** One study under one grant. */
export class OpenedStudy {
  /** @param {string} study @param {OpenedGrant} grant @param {OpenedSeriesKept} kept */
  constructor(study, grant, kept) {
    this.study = study;
    this.grant = grant;
    this.grantedAt = Date.now();
    this.kept = kept;
  }

  get millisecondsLeft() {
    return 1000 * (this.grant.expires - ENDS_EARLY_S) - Date.now();
  }

  /** UIDs of its series, each once. */
  get series() {
    return [...new Set(this.grant.series.filter((each) => each.study === this.study).map((each) => each.series))];
  }

  /** The series, the oldest document's first: two structures may have used the same UIDs. @param {string} uid */
  async opened(uid) {
    return this.kept.get(`${this.grant.id}/${uid}`, () => this.#open(uid));
  }

  /** The small picture of a series, the oldest document's; null where none has one. @param {string} uid @param {AbortSignal} signal */
  async overview(uid, signal) {
    for (const which of this.#alike(uid)) {
      const found = await this.grant.overview(this.study, uid, { which, signal });
      if (found) return found;
    }
    return null;
  }

  /** @param {string} uid @returns {Promise<OpenedSeries[]>} */
  #open(uid) {
    return Promise.all(this.#alike(uid).map((which) => this.grant.openSeries(this.study, uid, { which })));
  }

  /** Numbers of the series of this UID, the oldest first: a grant names the newest first. @param {string} uid */
  #alike(uid) {
    const count = this.grant.series.filter((each) => each.study === this.study && each.series === uid).length;
    if (!count) throw new OpenError("no_such_series");
    return Array.from({ length: count }, (_, index) => count - 1 - index);
  }

  /** The instance that an address names: of two structures' the older one's. @param {string} uid @param {string} sop */
  async instance(uid, sop) {
    for (const series of await this.opened(uid)) {
      const found = series.instances.find((each) => each.sop === sop);
      if (found) return { series, instance: found };
    }
    throw new OpenError("no_such_instance");
  }
}

/** Descriptions of series, as many as memory allows; who used one last keeps it. */
class OpenedSeriesKept {
  /** @type {Map<string, {opened: Promise<OpenedSeries[]>, instances: number}>} */
  #kept = new Map();

  /** @param {string} key @param {() => Promise<OpenedSeries[]>} open */
  get(key, open) {
    const found = this.#kept.get(key) ?? { opened: open(), instances: 0 };
    this.#kept.delete(key);
    this.#kept.set(key, found);
    if (!found.instances) this.#weigh(key, found);
    return found.opened;
  }

  clear() {
    this.#kept.clear();
  }

  /** @param {string} key @param {{opened: Promise<OpenedSeries[]>, instances: number}} entry */
  async #weigh(key, entry) {
    try {
      entry.instances = (await entry.opened).reduce((count, each) => count + each.instances.length, 0);
      this.#shed();
    } catch {
      if (this.#kept.get(key) === entry) this.#kept.delete(key);
    }
  }

  #shed() {
    let left = [...this.#kept.values()].reduce((count, each) => count + each.instances, 0);
    for (const [key, { instances }] of this.#kept) {
      if (left <= MOST_INSTANCES || this.#kept.size === 1) return;
      this.#kept.delete(key);
      left -= instances;
    }
  }
}

export class OpenedStudies {
  #record;
  #kept = new OpenedSeriesKept();
  /** @type {Promise<RecipientKey> | null} */
  #key = null;
  /** @type {Map<string, Opener>} by the credential that a page's requests bear, "" for the sign-in's cookie */
  #openers = new Map();
  /** @type {Map<string, Entry>} */
  #studies = new Map();
  /** @type {Map<string, Refusal>} */
  #refused = new Map();

  /** @param {string} record its public id or INS */
  constructor(record) {
    this.#record = record;
  }

  /**
   * What `work` makes of a study, under a grant that holds; where it has ended meanwhile, once more under a new one.
   * @template T
   * @param {string} authorization of the request, "" where its cookie counts
   * @param {string} study
   * @param {(opened: OpenedStudy) => Promise<T>} work
   * @param {{isList?: boolean}} [options] a list is of the study as it is by now
   */
  async use(authorization, study, work, { isList = false } = {}) {
    const key = `${authorization}\n${study}`;
    const opened = await this.#opened(key, authorization, study, isList ? FRESH_MS : Infinity);
    try {
      return await work(opened);
    } catch (error) {
      if (!helpsAnew(error, opened)) throw error;
      this.#leave(key, opened);
      return work(await this.#opened(key, authorization, study, Infinity));
    }
  }

  /** Lets go of every key at once; what is under way is given up. */
  forget() {
    const { openers, key } = { openers: [...this.#openers.values()], key: this.#key };
    this.#openers.clear();
    this.#studies.clear();
    this.#refused.clear();
    this.#kept.clear();
    this.#key = null;
    for (const opener of openers) opener.signOut();
    key?.then((each) => each.forget(), () => {});
  }

  /** @param {string} key @param {string} authorization @param {string} study @param {number} newest @returns {Promise<OpenedStudy>} */
  async #opened(key, authorization, study, newest) {
    const found = await this.#studies.get(key)?.asked;
    if (found && found.millisecondsLeft > 0 && Date.now() - found.grantedAt <= newest) return found;
    if (found) this.#leave(key, found);
    const asked = this.#studies.get(key)?.asked;
    return asked ?? this.#asked(key, authorization, study);
  }

  /** One request, however many wait for it. @param {string} key @param {string} authorization @param {string} study */
  async #asked(key, authorization, study) {
    const refused = this.#refused.get(key);
    if (refused && Date.now() < refused.until) throw refused.error;
    /** @type {Entry} */
    const entry = { asked: this.#granted(authorization, study), opened: null };
    this.#studies.set(key, entry);
    try {
      const opened = (entry.opened = await entry.asked);
      setTimeout(() => this.#leave(key, opened), opened.millisecondsLeft); // keys go with their time, used or not
      return opened;
    } catch (error) {
      this.#isRefused(key, entry, error);
      throw error;
    }
  }

  /** @param {string} authorization @param {string} study */
  async #granted(authorization, study) {
    this.#key ??= RecipientKey.create();
    const opener = await this.#opener(authorization, this.#key);
    return new OpenedStudy(study, await opener.grant({ record: this.#record, studies: [study] }), this.#kept);
  }

  /** @param {string} authorization @param {Promise<RecipientKey>} asked */
  async #opener(authorization, asked) {
    const key = await asked;
    let opener = this.#openers.get(authorization);
    if (!opener) {
      const headers = () => /** @type {Record<string, string>} */ (authorization ? { Authorization: authorization } : {});
      opener = new Opener({ key, headers, credentials: "same-origin" });
      if (asked === this.#key) this.#openers.set(authorization, opener);
    }
    return opener;
  }

  /** @param {string} key @param {Entry} entry @param {any} error */
  #isRefused(key, entry, error) {
    if (this.#studies.get(key) !== entry) return;
    this.#studies.delete(key);
    if (error?.status) this.#refused.set(key, { error, until: Date.now() + REFUSED_MS });
    if (error?.code === "browser_too_old") this.#key = null;
  }

  /** Once, whoever of several requests meets the end first. @param {string} key @param {OpenedStudy} opened */
  #leave(key, opened) {
    if (this.#studies.get(key)?.opened !== opened) return;
    this.#studies.delete(key);
    setTimeout(() => opened.grant.close(), LEAVING_MS);
  }
}

/**
 * Whether a new grant may give what this one did not: it has ended, or more was published since.
 * @param {any} error @param {OpenedStudy} opened
 */
function helpsAnew(error, opened) {
  if (!(error instanceof OpenError)) return false;
  if (ABSENT.has(error.code)) return Date.now() - opened.grantedAt > REFUSED_MS;
  return ENDED.has(error.code) || [401, 403, 404].includes(error.status ?? 0);
}
