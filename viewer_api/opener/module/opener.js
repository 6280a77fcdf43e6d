// @ts-check
/** Takes grants from a Coffre server and opens them: the beginning of all that this module does. */

import { Addresses } from "./addresses.js";
import { isUuid } from "./bytes.js";
import { OpenError } from "./errors.js";
import { grantKeys, openGrant, SUITE } from "./grant.js";
import { Server } from "./http.js";
import { OpenedGrant } from "./opened-grant.js";
import { RangeWorkers } from "./range-workers.js";

/** @typedef {import("./recipient-key.js").RecipientKey} RecipientKey */
/** @typedef {import("./grant.js").PinnedKeys} PinnedKeys */
/** @typedef {{url: string, bytes: number, what: string}} FetchedNote address without its query, bytes of the answer, what it was */

/**
 * @typedef {object} OpenerOptions
 * @property {string} [base] URL of the server; the page's own unless said
 * @property {RecipientKey} key
 * @property {import("./http.js").HeadersOf} [headers] of each request to the server, such as Authorization
 * @property {RequestCredentials} [credentials] whether the server gets cookies: "same-origin" unless said
 * @property {PinnedKeys} [pinned] keys whose grants are accepted; unless given, those of the server's own `/audit/keys`
 * @property {(note: FetchedNote) => void} [onFetched] told of everything that was fetched
 * @property {boolean | number} [worker] opens ranges in so many workers of their own (true: one)
 * @property {() => number} [now] unix seconds
 */

/**
 * @typedef {object} GrantWanted neither studies nor documents: everything that may be seen
 * @property {string} record public id of the record, or INS
 * @property {string[]} [studies] Study Instance UIDs
 * @property {string[]} [documents] ids
 * @property {"normal" | "bris_de_glace" | "centre_15"} [purpose]
 * @property {string} [reason] of an emergency
 */

export class Opener {
  #key;
  #server;
  #fetched;
  #now;
  /** @type {PinnedKeys | undefined} */
  #pinned;
  /** @type {Promise<PinnedKeys> | null} */
  #published = null;
  /** @type {Set<OpenedGrant>} */
  #grants = new Set();
  #workers;

  /** @param {OpenerOptions} options */
  constructor({ base = "", key, headers = () => ({}), credentials = "same-origin", pinned, onFetched, worker, now }) {
    this.#key = key;
    this.#server = new Server(base, headers, credentials);
    this.#pinned = pinned;
    this.#fetched = onFetched ?? (() => {});
    this.#now = now ?? (() => Math.floor(Date.now() / 1000));
    // a service worker has none of its own, nor has Node
    this.#workers = worker && typeof Worker !== "undefined" ? new RangeWorkers(Number(worker)) : null;
  }

  /**
   * Asks for a grant, checks it in the recipient's order and opens it. Raises the server's refusal ("not_authorised", …),
   * "grant_unsigned", "grant_expired", "grant_other_recipient", "grant_other_record", "grant_tampered", "key_forgotten".
   * @param {GrantWanted} wanted
   * @param {{signal?: AbortSignal | null}} [options]
   * @returns {Promise<OpenedGrant>}
   */
  async grant(wanted, { signal } = {}) {
    if (this.#key.isForgotten) throw new OpenError("key_forgotten");
    const { record, studies = [], documents = [], purpose = "normal", reason } = wanted;
    const asked = { record, studies, documents, purpose, suite: SUITE, recipient: this.#key.public };
    const grant = await this.#asked("POST", "/grants", "grant", reason ? { ...asked, reason } : asked, signal);
    if (grant === null || typeof grant !== "object") throw new OpenError("bad_answer");
    const body = await openGrant(grant, this.#key, await this.#keys(grant.key_id, signal), this.#now());
    checkAsked(grant, body, { record, studies, documents, purpose });
    if (this.#key.isForgotten) throw new OpenError("key_forgotten"); // signed out meanwhile
    const addresses = new Addresses(this.#server, grant.id, grant.urls, this.#fetched, this.#workers?.open);
    const opened = new OpenedGrant(grant, body, addresses, () => this.#grants.delete(opened));
    this.#grants.add(opened);
    return opened;
  }

  /** Forgets the key, closes every grant and ends the workers: nothing opens any more. */
  signOut() {
    this.#key.forget();
    for (const grant of [...this.#grants]) grant.close();
    this.#workers?.close();
  }

  /** The keys to accept; published ones are asked for again where a new one signs. @param {string} keyId @param {AbortSignal | null} [signal] */
  async #keys(keyId, signal) {
    if (this.#pinned) return this.#pinned;
    const known = await this.#published?.catch(() => null);
    if (known && Object.hasOwn(known, keyId)) return known;
    this.#published = this.#asked("GET", "/audit/keys", "keys", undefined, signal).then(grantKeys);
    return this.#published;
  }

  /** @param {string} method @param {string} path @param {string} what @param {unknown} content @param {AbortSignal | null} [signal] */
  async #asked(method, path, what, content, signal) {
    const { found, bytes } = await this.#server.json(method, path, content, signal);
    this.#fetched({ url: this.#server.route(path), bytes, what });
    return found;
  }
}

/**
 * A signed grant is not yet the one that was asked for: a server could answer with another record's.
 * @param {Record<string, any>} grant
 * @param {import("./grant.js").GrantBody} body
 * @param {Required<Pick<GrantWanted, "record" | "studies" | "documents" | "purpose">>} asked
 */
function checkAsked(grant, body, { record, studies, documents, purpose }) {
  const isOther =
    (isUuid(record) && grant.record !== record) ||
    grant.purpose !== purpose ||
    (studies.length > 0 && !documents.length && body.series.some((each) => !studies.includes(each.study))) ||
    (documents.length > 0 && !studies.length && body.documents.some((each) => !documents.includes(each.id)));
  if (isOther) throw new OpenError("grant_other_record");
}
