// @ts-check
/** How the opener reads: what it joins, gives up, retries and bounds. Each returns what happened, as plain values. */

/** @typedef {import("./answer.js").Modules} Modules */
/** @typedef {{base: string, sealed: any, dek: string, url: string, grant: string}} Stored */

const MIB = 1024 * 1024;

/** @param {Modules} opener @param {Stored} stored */
async function reading({ addresses, blob, bytes, http, reader }, { base, sealed, dek, url, grant }) {
  const named = { ...sealed, commitment: bytes.fromHex(sealed.commitment), header: bytes.fromHex(sealed.header) };
  const open = await blob.OpenBlob.from(named, bytes.fromHex(dek));
  const server = new http.Server(base, () => ({}), "omit");
  /** @type {number[]} */
  const fetched = [];
  const found = new addresses.Addresses(server, grant, { [open.id]: url }, (note) => fetched.push(note.bytes));
  return { open, reader: new reader.Reader(found), fetched };
}

/** @param {Promise<unknown>} promise */
function outcome(promise) {
  return promise.then(
    () => "opened",
    (error) => (typeof error.code === "string" ? error.code : error.name),
  );
}

/** A range is told of when it has ended, which is after its last frame was handed out. */
function told() {
  return new Promise((resolve) => setTimeout(resolve, 50));
}

export const BEHAVIOUR = {
  /** Frames that adjoin and are asked for in one go. @param {Modules} opener @param {Stored & {frame: number}} stored */
  async joined(opener, stored) {
    const { open, reader, fetched } = await reading(opener, stored);
    const count = Math.floor(open.size / stored.frame);
    const frames = await Promise.all(Array.from({ length: count }, (_, n) => reader.read(open, n * stored.frame, stored.frame, "test")));
    await told();
    return { frames: frames.length, bytes: frames.reduce((sum, frame) => sum + frame.length, 0), fetched };
  },

  /** Two places with whole segments between them. @param {Modules} opener @param {Stored} stored */
  async apart(opener, stored) {
    const { open, reader, fetched } = await reading(opener, stored);
    await Promise.all([reader.read(open, 0, 1000, "test"), reader.read(open, MIB, 1000, "test")]);
    await told();
    return fetched;
  },

  /** One is given up among four, then all of a second reader. @param {Modules} opener @param {Stored} stored */
  async givenUp(opener, stored) {
    const { open, reader } = await reading(opener, stored);
    const one = new AbortController(), early = AbortSignal.abort();
    const asked = [0, 1, 2, 3].map((n) => outcome(reader.read(open, n * 1000, 1000, "test", { signal: n === 2 ? one.signal : null })));
    const before = outcome(reader.read(open, 0, 10, "test", { signal: early }));
    queueMicrotask(() => one.abort());
    return { asked: await Promise.all(asked), before: await before };
  },

  /** A long part, closed while it is read. @param {Modules} opener @param {Stored} stored */
  async closed(opener, stored) {
    const { open, reader } = await reading(opener, stored);
    const whole = outcome(reader.read(open, 0, open.size, "test"));
    setTimeout(() => reader.close(), 20);
    return [await whole, await outcome(reader.read(open, 0, 1, "test"))];
  },

  /** A damaged segment among sound ones that are asked for in one go. @param {Modules} opener @param {Stored} stored */
  async damaged(opener, stored) {
    const { open, reader } = await reading(opener, stored);
    const places = [0, 1, 2, 3, 4].map((segment) => opener.blob.border(segment));
    return Promise.all(places.map((at) => outcome(reader.read(open, at, 100, "test"))));
  },

  /** What is urgent does not wait until four long ranges are over. @param {Modules} opener @param {Stored} stored */
  async urgent(opener, stored) {
    const { open, reader } = await reading(opener, stored);
    /** @type {string[]} */
    const order = [];
    const whole = reader.read(open, 0, open.size, "whole").then(() => order.push("whole"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const urgent = reader.read(open, 0, 10, "urgent", { priority: 1 }).then(() => order.push("urgent"));
    await Promise.all([whole, urgent]);
    return order;
  },

  /** A stream of which only the beginning is taken. @param {Modules} opener @param {Stored} stored */
  async streamLeft(opener, stored) {
    const { open, reader } = await reading(opener, stored);
    for await (const piece of reader.pieces(open, 0, open.size, "test")) return piece.length;
  },

  /** Bytes that are held at most while a long part is streamed, in Node. @param {Modules} opener @param {Stored} stored */
  async memory(opener, stored) {
    const { open, reader } = await reading(opener, stored);
    const held = () => /** @type {any} */ (globalThis).process.memoryUsage().arrayBuffers;
    const before = held();
    let most = 0, size = 0;
    for await (const piece of reader.pieces(open, 0, open.size, "test")) {
      size += piece.length;
      most = Math.max(most, held() - before);
    }
    return { size, most };
  },

  /** A store of another origin. @param {Modules} opener @param {Stored} stored */
  async opened(opener, stored) {
    const { open, reader } = await reading(opener, stored);
    return outcome(reader.read(open, 0, 1000, "test"));
  },

  /** The private key is nobody's to read, and forgotten it opens nothing. @param {Modules} opener */
  async key({ key }) {
    const made = await key.RecipientKey.create();
    const length = made.public.length;
    made.forget();
    return { length, forgotten: await outcome(made.open(new Uint8Array(120), new Uint8Array(0))), shown: JSON.stringify(made) };
  },

  /** A browser that does not know X25519. @param {Modules} opener */
  async tooOld({ key }) {
    const known = SubtleCrypto.prototype.generateKey;
    SubtleCrypto.prototype.generateKey = /** @type {any} */ (() => Promise.reject(new DOMException("unknown", "NotSupportedError")));
    try {
      return await outcome(key.RecipientKey.create());
    } finally {
      SubtleCrypto.prototype.generateKey = known;
    }
  },
};
