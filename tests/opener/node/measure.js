// @ts-check
/** MB/s of the opener beside WebCrypto alone on the same bytes, and beside fetching without opening. */

/** @typedef {import("./answer.js").Modules} Modules */

const SEGMENT = 65536, TAG = 16;

/**
 * @param {Modules} opener
 * @param {{base: string, sealed: any, dek: string, url: string, grant: string, workers?: number}} stored
 */
export async function measure({ segments, addresses, blob, bytes, http, reader }, { base, sealed, dek, url, grant, workers }) {
  const named = { ...sealed, commitment: bytes.fromHex(sealed.commitment), header: bytes.fromHex(sealed.header) };
  const open = await blob.OpenBlob.from(named, bytes.fromHex(dek));
  const server = new http.Server(base, () => ({}), "omit");
  const pool = workers ? new (await import(`${base}/opener/range-workers.js`)).RangeWorkers(workers) : null;
  const found = new addresses.Addresses(server, grant, { [open.id]: url }, () => {}, pool?.open);
  const reading = new reader.Reader(found);
  const megabytes = open.size / 1e6;
  const times = { opened: [], frames: [], memory: [], bare: [], large: [], fetched: [] };
  for (let round = 0; round < 4; round++) {
    times.opened.push(await timed(async () => {
      for await (const piece of reading.pieces(open, 0, open.size, "test")) piece.length;
    }));
    times.frames.push(await timed(async () => {
      const size = 512 * 512 * 2, count = Math.floor(open.size / size);
      await Promise.all(Array.from({ length: count }, (_, n) => reading.read(open, n * size, size, "test")));
    }));
    times.memory.push(await timed(() => inMemory(segments, open)));
    times.bare.push(await timed(() => decrypted(open.size, SEGMENT)));
    times.large.push(await timed(() => decrypted(open.size, 1024 * 1024)));
    times.fetched.push(await timed(() => fetched(new URL(url, base).href, open.ciphertextSize)));
  }
  pool?.close();
  return Object.fromEntries(Object.entries(times).map(([name, each]) => [name, Math.round(megabytes / Math.min(...each.slice(1)))]));
}

/** @param {() => Promise<unknown>} act */
async function timed(act) {
  const begun = performance.now();
  await act();
  return (performance.now() - begun) / 1000;
}

/** What the opener does with bytes that have come: the first range again and again. @param {any} segments @param {any} open */
async function inMemory(segments, open) {
  const length = 128 * SEGMENT, sealed = new Uint8Array(length);
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  for (let i = 0; i < 128; i++) {
    const iv = new Uint8Array(12);
    new DataView(iv.buffer).setUint32(7, i);
    sealed.set(new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, new Uint8Array(SEGMENT - TAG))), i * SEGMENT);
  }
  const task = { start: 0, stop: length, size: length + 5, segmentKey: key, noncePrefix: new Uint8Array(7), cuts: [{ offset: 0, length: 128 * 65520 - 40 }] };
  for (let at = 0; at < open.size; at += length) {
    let from = 0;
    const body = new ReadableStream({ pull: (c) => (from < length ? c.enqueue(sealed.subarray(from, (from += 131072))) : c.close()) });
    await segments.openSegments(new Response(body), task, () => {});
  }
}

/** As many bytes in segments of this size, a few at once. @param {number} size @param {number} segment */
async function decrypted(size, segment) {
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const algorithm = { name: "AES-GCM", iv: new Uint8Array(12) };
  const sealed = await crypto.subtle.encrypt(algorithm, key, new Uint8Array(segment - TAG));
  const count = Math.ceil(size / segment);
  let left = count;
  const one = async () => {
    while (left-- > 0) await crypto.subtle.decrypt(algorithm, key, sealed);
  };
  await Promise.all(Array.from({ length: 16 }, one));
}

/** In the ranges that the opener asks for. @param {string} url @param {number} size */
async function fetched(url, size) {
  const length = 128 * SEGMENT;
  let at = 0;
  const one = async () => {
    while (at < size) {
      const start = at;
      at += length;
      const answer = await fetch(url, { headers: { Range: `bytes=${start}-${Math.min(at, size) - 1}` }, cache: "no-store" });
      await answer.arrayBuffer();
    }
  };
  await Promise.all([one(), one(), one(), one()]);
}
