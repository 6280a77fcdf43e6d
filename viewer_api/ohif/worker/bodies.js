// @ts-check
/** Answers in one part or in several as multipart/related (RFC 2387, PS3.18 section 8.6.1.2), written as they are read. */

import { contentType } from "./accept.js";

/** @typedef {import("./accept.js").Offer} Offer */
/**
 * @typedef {object} Part
 * @property {Offer} form
 * @property {string} location
 * @property {number | null} length in bytes; null where only its end tells
 * @property {() => AsyncIterable<Uint8Array>} open begins to read it
 */

export const HEADERS = Object.freeze({
  "Cache-Control": "private, no-store",
  // whatever an instance holds, opened by a browser it runs nothing and loads nothing as a page of ours
  "Content-Security-Policy": "sandbox; default-src 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
});
const encoder = new TextEncoder();

/** A part whose bytes are there. @param {Offer} form @param {string} location @param {Uint8Array} bytes @returns {Part} */
export function part(form, location, bytes) {
  return { form, location, length: bytes.length, open: () => once(bytes) };
}

/**
 * The first piece is read before anything is answered, so that what fails is an answer of its own.
 * @param {Part[]} parts
 * @param {boolean} isMultipart
 */
export async function answerOf(parts, isMultipart) {
  if (!isMultipart) {
    const [{ form, location, length, open }] = parts;
    return response(open(), length, { "Content-Type": contentType(form), "Content-Location": location });
  }
  // random, so that no content can hold it (RFC 2046 section 5.1.1)
  const boundary = crypto.randomUUID().replaceAll("-", "");
  const heads = parts.map((each, index) => encoder.encode(head(boundary, each, index === 0)));
  const end = encoder.encode(`\r\n--${boundary}--\r\n`);
  const known = parts.every((each) => each.length !== null);
  const content = parts.reduce((size, each) => size + (each.length ?? 0), 0);
  const length = known ? content + heads.reduce((size, each) => size + each.length, end.length) : null;
  const type = `multipart/related; type="${parts[0].form.mediaType}"; boundary=${boundary}`;
  return response(written(parts, heads, end), length, { "Content-Type": type });
}

/**
 * @param {AsyncIterable<Uint8Array>} pieces
 * @param {number | null} length
 * @param {Record<string, string>} headers
 */
export async function response(pieces, length, headers) {
  const reading = pieces[Symbol.asyncIterator]();
  let next = await reading.next();
  const body = new ReadableStream({
    async pull(controller) {
      if (next.done) return controller.close();
      controller.enqueue(next.value);
      next = await reading.next();
      if (next.done) controller.close();
    },
    async cancel() {
      await reading.return?.();
    },
  });
  const answer = new Response(body, { headers: { ...HEADERS, ...headers } });
  if (length !== null) answer.headers.set("Content-Length", String(length));
  return answer;
}

/** @param {Uint8Array} bytes */
export async function* once(bytes) {
  yield bytes;
}

/** @param {Part[]} parts @param {Uint8Array[]} heads @param {Uint8Array} end */
async function* written(parts, heads, end) {
  for (const [index, each] of parts.entries()) {
    const reading = each.open()[Symbol.asyncIterator]();
    const begun = await reading.next(); // before its head: what fails at once is no part
    yield heads[index];
    if (!begun.done) yield begun.value;
    yield* { [Symbol.asyncIterator]: () => reading };
  }
  yield end;
}

/** @param {string} boundary @param {Part} part @param {boolean} isFirst */
function head(boundary, { form, location, length }, isFirst) {
  const lines = [`--${boundary}`, `Content-Type: ${contentType(form)}`];
  if (length !== null) lines.push(`Content-Length: ${length}`);
  lines.push(`Content-Location: ${location}`, "", "");
  return (isFirst ? "" : "\r\n") + lines.join("\r\n");
}
