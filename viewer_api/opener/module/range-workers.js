// @ts-check
/** Opens ranges off the main thread: each goes to one of a few workers, which fetches and decrypts it. */

import { OpenError } from "./errors.js";
import { Unsuccessful } from "./segments.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {import("./segments.js").RangeTask} RangeTask */

/**
 * @typedef {object} Going
 * @property {Worker} worker
 * @property {(cut: number, bytes: Bytes) => void} deliver
 * @property {() => void} done
 * @property {(error: unknown) => void} fail
 */

export class RangeWorkers {
  /** @type {Worker[]} */
  #workers;
  /** @type {Map<number, Going>} */
  #going = new Map();
  #next = 0;

  /** @param {number} count */
  constructor(count) {
    this.#workers = Array.from({ length: count }, () => this.#started());
  }

  /** Opens a range in a worker. @type {import("./addresses.js").OpenRange} */
  open = (task, signal, deliver) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const id = this.#next++;
      const worker = this.#workers[id % this.#workers.length];
      if (!worker) return reject(new OpenError("worker_failed"));
      const givenUp = () => {
        worker.postMessage({ id, isAborted: true });
        over(() => reject(signal.reason));
      };
      const over = (/** @type {() => void} */ answer) => {
        this.#going.delete(id);
        signal.removeEventListener("abort", givenUp);
        answer();
      };
      signal.addEventListener("abort", givenUp, { once: true });
      this.#going.set(id, { worker, deliver, done: () => over(resolve), fail: (error) => over(() => reject(error)) });
      worker.postMessage({ id, task });
    });

  /** Ends the workers, and with them the keys that they hold. */
  close() {
    for (const worker of this.#workers) worker.terminate();
    this.#workers = [];
    for (const going of [...this.#going.values()]) going.fail(new OpenError("grant_closed"));
  }

  #started() {
    const worker = new Worker(new URL("./opener-worker.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }) => this.#told(data);
    worker.onerror = () => {
      for (const going of [...this.#going.values()]) if (going.worker === worker) going.fail(new OpenError("worker_failed"));
    };
    return worker;
  }

  /** @param {{id: number, cut?: number, bytes?: Bytes, isDone?: boolean, error?: WorkerError}} message */
  #told({ id, cut, bytes, isDone, error }) {
    const going = this.#going.get(id);
    if (!going) return;
    if (cut !== undefined && bytes) going.deliver(cut, bytes);
    else if (isDone) going.done();
    else if (error) going.fail(revived(error));
  }
}

/** @typedef {{code?: string, status?: number, retryAfter?: string, body?: string, isLost?: boolean}} WorkerError */

/** An error as it may be sent from a worker. @param {any} error @returns {WorkerError} */
export function toMessage(error) {
  if (error instanceof OpenError) return { code: error.code };
  if (error instanceof Unsuccessful) return { status: error.status, retryAfter: error.retryAfter, body: error.body };
  return { isLost: error instanceof TypeError };
}

/** @param {WorkerError} error */
function revived({ code, status, retryAfter, body, isLost }) {
  if (code) return new OpenError(code);
  if (status) return new Unsuccessful(status, retryAfter ?? "", body ?? "");
  return isLost ? new TypeError("no answer") : new OpenError("worker_failed");
}
