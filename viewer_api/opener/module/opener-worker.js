// @ts-check
/** A worker that opens ranges; it holds the keys of the blobs whose ranges it opens, and no other. */

import { toMessage } from "./range-workers.js";
import { openRange } from "./segments.js";

/** @type {Map<number, AbortController>} */
const going = new Map();
const page = /** @type {{postMessage(message: unknown, transfer?: Transferable[]): void}} */ (globalThis);

/** @param {number} id @param {import("./segments.js").RangeTask} task */
async function open(id, task) {
  const controller = new AbortController();
  going.set(id, controller);
  try {
    await openRange(task, controller.signal, (cut, bytes) => page.postMessage({ id, cut, bytes }, [bytes.buffer]));
    page.postMessage({ id, isDone: true });
  } catch (error) {
    page.postMessage({ id, error: toMessage(error) });
  } finally {
    going.delete(id);
  }
}

globalThis.addEventListener("message", (event) => {
  const { id, task, isAborted } = /** @type {MessageEvent} */ (event).data;
  if (isAborted) going.get(id)?.abort();
  else open(id, task);
});
