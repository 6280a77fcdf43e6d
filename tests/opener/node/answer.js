// @ts-check
/** Does the opener's work on given material and says what came of it: in Node and in a browser alike. */

/**
 * @typedef {object} Modules of the opener
 * @property {typeof import("../../../viewer_api/opener/module/addresses.js")} addresses
 * @property {typeof import("../../../viewer_api/opener/module/blob.js")} blob
 * @property {typeof import("../../../viewer_api/opener/module/bytes.js")} bytes
 * @property {typeof import("../../../viewer_api/opener/module/digests.js")} digests
 * @property {typeof import("../../../viewer_api/opener/module/grant.js")} grant
 * @property {typeof import("../../../viewer_api/opener/module/http.js")} http
 * @property {typeof import("../../../viewer_api/opener/module/json.js")} json
 * @property {typeof import("../../../viewer_api/opener/module/reader.js")} reader
 * @property {typeof import("../../../viewer_api/opener/module/recipient-key.js")} key
 * @property {typeof import("../../../viewer_api/opener/module/rendition.js")} rendition
 * @property {typeof import("../../../viewer_api/opener/module/segments.js")} segments
 * @property {typeof import("../../../viewer_api/opener/module/series.js")} series
 */

/** @param {string} folder URL of the opener's modules @returns {Promise<Modules>} */
export async function load(folder) {
  const names = ["addresses", "blob", "bytes", "digests", "grant", "http", "json", "reader", "rendition", "segments", "series"];
  const found = await Promise.all([...names, "recipient-key"].map((name) => import(`${folder}/${name}.js`)));
  return /** @type {any} */ (Object.fromEntries([...names, "key"].map((name, i) => [name, found[i]])));
}

/**
 * One answer for each piece of work, `{code}` where it was refused.
 * @param {Modules} opener
 * @param {any[]} work
 */
export async function answers(opener, work) {
  const found = [];
  for (const each of work) {
    try {
      found.push(await (/** @type {any} */ (DOES)[each.do](opener, each)));
    } catch (error) {
      found.push({ code: /** @type {any} */ (error).code ?? String(error) });
    }
  }
  return found;
}

const DOES = {
  /** @param {Modules} opener @param {any} work */
  async grant({ bytes, grant, json, key }, { text, secret, recipient, pinned, now }) {
    const owner = await key.RecipientKey.from(bytes.fromHex(secret), bytes.fromHex(recipient));
    const body = await grant.openGrant(json.readJson(bytes.utf8(text)), owner, pinned, now);
    const documents = body.documents.map((each) => ({ ...each, sha256: bytes.toHex(each.sha256) }));
    const blobs = [...body.blobs.values()].map(({ id, version, kind, size, ciphertextSize }) => [id, version, kind, size, ciphertextSize]);
    return { blobs, documents, series: body.series };
  },

  /** @param {Modules} opener @param {any} work */
  async blob(opener, { sealed, dek, url, grant, reads, streamed, held, base }) {
    const { addresses, blob, bytes, digests, http, reader } = opener;
    const named = { ...sealed, commitment: bytes.fromHex(sealed.commitment), header: bytes.fromHex(sealed.header) };
    const open = await blob.OpenBlob.from(named, bytes.fromHex(dek));
    const server = new http.Server(base, () => ({}), "omit");
    const reading = new reader.Reader(new addresses.Addresses(server, grant, { [open.id]: url }, () => {}));
    const found = await Promise.all(
      reads.map(async (/** @type {[number, number]} */ [offset, length]) => digest(bytes, await reading.read(open, offset, length, "test"))),
    );
    if (held !== undefined) await digests.checkedDigest(await reading.read(open, 0, open.size, "test"), bytes.fromHex(held));
    if (streamed === undefined) return { found };
    let size = 0;
    for await (const piece of digests.verified(reading.pieces(open, 0, open.size, "test"), bytes.fromHex(streamed))) size += piece.length;
    return { found, size };
  },

  /** @param {Modules} opener @param {any} work */
  json({ bytes, json }, { hex }) {
    return { text: json.canonical(json.readJson(bytes.fromHex(hex))) };
  },

  /** @param {Modules} opener @param {any} work */
  base64({ bytes }, { text, size }) {
    return { hex: bytes.toHex(bytes.unb64(text, size)) };
  },

  /** @param {Modules} opener @param {any} work */
  async series({ bytes, series }, { study, uid, documents }) {
    const found = await series.mergeSeries(study, uid, documents.map(bytes.fromHex));
    return { instances: [...found.values()].map((each) => ({ ...each, sha256: bytes.toHex(each.sha256) })) };
  },

  /** @param {Modules} opener @param {any} work */
  rendition({ bytes, rendition }, { study, uid, file }) {
    const { jpeg, ...found } = rendition.readRendition(study, uid, bytes.fromHex(file));
    return { ...found, size: jpeg.length };
  },
};

/** @param {Modules["bytes"]} bytes @param {Uint8Array<ArrayBuffer>} data */
async function digest(bytes, data) {
  return bytes.toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", data)));
}
