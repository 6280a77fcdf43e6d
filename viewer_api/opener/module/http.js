// @ts-check
/** Requests to Coffre itself: JSON in and out, refusals as the server's own sentences, a few attempts. */

import { checkGoing, isAbort, OpenError } from "./errors.js";
import { readJson } from "./json.js";

/**
 * @callback HeadersOf headers of one request, such as Authorization or a DPoP proof made for it
 * @param {string} method
 * @param {string} url absolute
 * @param {string | undefined} body as it will be sent
 * @returns {Promise<Record<string, string>> | Record<string, string>}
 */

/** Of a request, unless said otherwise. */
export const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 300, LONGEST_PAUSE_MS = 20_000;
const UNAVAILABLE = 503, TOO_MANY = 429;
const LARGEST_ANSWER = 64 * 1024 * 1024;
const LONGEST_TEXT = 1000;

/** One Coffre server. */
export class Server {
  /**
   * @param {string} base its URL; empty for the page's own
   * @param {HeadersOf} headers
   * @param {RequestCredentials} credentials
   */
  constructor(base, headers, credentials) {
    this.base = new URL(base || "/", globalThis.location?.href ?? undefined);
    this.headers = headers;
    this.credentials = credentials;
  }

  /** A route of the server. @param {string} path below its URL, with a slash before it */
  route(path) {
    return this.base.href.replace(/[/]+$/, "") + path;
  }

  /** An address that the server gave. @param {string} address absolute, or relative to the server */
  url(address) {
    try {
      return new URL(address, this.base).href;
    } catch {
      throw new OpenError("bad_answer");
    }
  }

  /** Whether an address is this server's own. @param {string} url */
  isOwn(url) {
    return new URL(url).origin === this.base.origin;
  }

  /**
   * The JSON of a successful answer and the bytes that it had. Raises the server's refusal, "unreachable", "bad_answer".
   * @param {string} method
   * @param {string} path
   * @param {unknown} [content]
   * @param {AbortSignal | null} [signal]
   */
  async json(method, path, content, signal) {
    const url = this.route(path);
    const body = content === undefined ? undefined : JSON.stringify(content);
    const data = await attempted(signal, () => this.#once(method, url, body, signal));
    try {
      return { found: readJson(data), bytes: data.length };
    } catch {
      throw new OpenError("bad_answer");
    }
  }

  /** @param {string} method @param {string} url @param {string | undefined} body @param {AbortSignal | null} [signal] */
  async #once(method, url, body, signal) {
    const headers = new Headers(await this.headers(method, url, body));
    headers.set("Accept", "application/json");
    if (body !== undefined) headers.set("Content-Type", "application/json");
    const { credentials } = this;
    const answer = await fetch(url, { method, headers, body, signal, credentials, cache: "no-store", redirect: "error" });
    const data = new Uint8Array(await answer.arrayBuffer());
    if (!answer.ok) throw new Refusal(answer.status, new TextDecoder().decode(data), answer.headers.get("retry-after"));
    if (data.length > LARGEST_ANSWER) throw new OpenError("bad_answer");
    return data;
  }
}

/** What an unsuccessful answer says: problem+json (RFC 9457). */
export class Refusal extends OpenError {
  /** @param {number} status @param {string} body @param {string | null} [retryAfter] */
  constructor(status, body, retryAfter) {
    const { code, detail } = problem(body);
    super(code || `http_${status}`, detail || `The server answered ${status} without a reason.`, status);
    this.retryAfter = retryAfter || null;
  }
}

/** @param {string} body */
function problem(body) {
  try {
    const { code, detail, title } = JSON.parse(body);
    return { code: shown(code), detail: shown(detail || title) };
  } catch {
    return { code: "", detail: "" };
  }
}

/** @param {unknown} value */
function shown(value) {
  return typeof value === "string" ? value.slice(0, LONGEST_TEXT) : "";
}

/**
 * Tries again what a lost connection or a busy server ended, with growing pauses or after what Retry-After says.
 * @template T
 * @param {AbortSignal | null | undefined} signal
 * @param {() => Promise<T>} once
 * @param {string} [lost] the code of a connection that stays lost
 * @param {number} [attempts]
 * @returns {Promise<T>}
 */
export async function attempted(signal, once, lost = "unreachable", attempts = ATTEMPTS) {
  let pause = FIRST_PAUSE_MS;
  for (let attempt = 1; ; attempt++) {
    checkGoing(signal);
    try {
      return await once();
    } catch (error) {
      const wait = pauseAfter(error, pause);
      if (wait === null) throw error;
      if (attempt === attempts) throw error instanceof TypeError ? new OpenError(lost) : error;
      await paused(wait, signal);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
  }
}

/** Milliseconds to wait, null where another attempt would not help. @param {any} error @param {number} otherwise */
function pauseAfter(error, otherwise) {
  if (isAbort(error)) return null;
  if (error instanceof TypeError) return otherwise; // what fetch rejects with where there is no answer
  if (error?.status !== UNAVAILABLE && error?.status !== TOO_MANY) return null;
  const said = /^[0-9]{1,3}$/.test(error.retryAfter ?? "") ? 1000 * Number(error.retryAfter) : null;
  if (said !== null) return said <= LONGEST_PAUSE_MS ? said : null;
  return error.status === UNAVAILABLE ? otherwise : null;
}

/** @param {number} ms @param {AbortSignal | null | undefined} signal @returns {Promise<void>} */
export function paused(ms, signal) {
  return new Promise((resolve, reject) => {
    const ended = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", ended);
      resolve();
    }, ms);
    signal?.addEventListener("abort", ended, { once: true });
  });
}
