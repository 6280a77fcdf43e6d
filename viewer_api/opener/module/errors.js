// @ts-check
/** Errors of the opener: a stable code for programs, a sentence for people. */

/** @type {Readonly<Record<string, string>>} */
const SENTENCES = Object.freeze({
  browser_too_old: "This browser cannot open sealed content: it lacks X25519 in WebCrypto. Update it, or use another one.",
  insecure_page: "Sealed content opens on pages over HTTPS alone. Use the address that begins with https.",
  key_forgotten: "This key was forgotten at sign-out. Sign in again.",
  grant_closed: "This grant was closed. Ask for a new one.",
  grant_unsigned: "The grant is not signed by a pinned key; fetch it from the vault itself.",
  grant_expired: "The grant is out of its time; ask for a new one, or set this computer's clock.",
  grant_other_recipient: "The grant was sealed to another key.",
  grant_other_record: "The grant is not for what was asked; ask for a new one.",
  grant_tampered: "The grant is not consistent in itself; ask for a new one.",
  not_granted: "The grant does not open this object; ask for a new one.",
  no_address: "The store gives no access to this object; ask for a new grant.",
  no_such_document: "The grant names no such document.",
  no_such_series: "The grant names no such series.",
  no_such_instance: "The series has no such instance.",
  no_such_frame: "This instance has no such frame that could be read alone.",
  no_such_bulkdata: "The instance has no bulk data at this place.",
  blob_corrupt: "The object was altered or is another one; restore it from its replica.",
  blob_key_mismatch: "The key given is not this object's; ask for a new grant.",
  blob_size_mismatch: "The object has not the size its grant names; ask for a new grant.",
  blob_too_large: "This content is too large for one object; send it in parts.",
  range_past_end: "The range asked for reaches past the end of the object.",
  short_range: "The store answered with another range than asked; try again.",
  store_hides_range: "The store does not show Content-Range to this page; expose it in the CORS rule of the bucket.",
  store_unreachable: "The object store did not answer, or does not admit this page; check the network and its CORS rule.",
  unreachable: "The server cannot be reached; check the network, or try again later.",
  bad_answer: "The server's answer is not one of Coffre's; check the address and the versions.",
  digest_mismatch: "What was fetched is not what was deposited; tell the hosting team.",
  too_large_for_memory: "This part is too large to be held whole; read it as a stream.",
  series_damaged: "The description of a series is damaged; fetch it again.",
  series_too_large: "The description of this series is too large to be read.",
  rendition_not_valid: "This small picture is damaged. Open the images themselves.",
  worker_failed: "The opener's worker ended; load the page again.",
});

/** What the opener raises. `message` is the sentence, `code` never changes its meaning. */
export class OpenError extends Error {
  /**
   * @param {string} code
   * @param {string} [sentence] the server's own, where it gave one
   * @param {number} [status] of an answer that refused
   */
  constructor(code, sentence, status) {
    super(sentence || SENTENCES[code] || code);
    this.name = "OpenError";
    /** @readonly */
    this.code = code;
    /** @readonly */
    this.status = status;
  }
}

/** @param {AbortSignal | null | undefined} signal */
export function checkGoing(signal) {
  if (signal?.aborted) throw signal.reason;
}

/** Whether somebody gave up, which is nobody's fault. @param {unknown} error */
export function isAbort(error) {
  return error instanceof DOMException && error.name === "AbortError";
}
