// @ts-check
/** What a page reads of a running Coffre, told as plain values: in Node and in a browser alike. */

/**
 * @param {typeof import("../../../viewer_api/opener/module/index.js")} opening
 * @param {{base: string, record: string, token?: string, worker?: boolean}} where
 */
export async function readEverything({ RecipientKey, Opener, OpenError }, { base, record, token, worker }) {
  const key = await RecipientKey.create();
  /** @type {{url: string, bytes: number, what: string}[]} */
  const fetched = [];
  const headers = () => (token ? { Authorization: `Bearer ${token}` } : /** @type {Record<string, string>} */ ({}));
  const opener = new Opener({ base, key, headers, worker, onFetched: (note) => fetched.push(note) });
  const grant = await opener.grant({ record });
  const documents = await Promise.all(grant.documents.map(async ({ id }) => hex(await grant.document(id))));
  const series = await Promise.all(grant.series.map(({ study, series }) => readSeries(grant, study, series)));
  await grant.renew();
  grant.close();
  const closed = await codeOf(() => grant.document(grant.documents[0].id));
  opener.signOut();
  const signedOut = await codeOf(() => opener.grant({ record }));
  return { documents, series, closed, signedOut, fetched };

  /** @param {() => Promise<unknown>} act */
  async function codeOf(act) {
    try {
      await act();
      return null;
    } catch (error) {
      return error instanceof OpenError ? error.code : String(error);
    }
  }
}

/** @param {import("../../../viewer_api/opener/module/index.js").OpenedGrant} grant @param {string} study @param {string} uid */
async function readSeries(grant, study, uid) {
  const series = await grant.openSeries(study, uid);
  const instances = await Promise.all(
    series.instances.map(async ({ sop, frames, transferSyntax, dicom }) => ({
      sop,
      transferSyntax,
      values: Object.fromEntries(await Promise.all(referred(dicom).map(async ([tag, uri]) => [tag, hex(await series.bulkData(sop, uri))]))),
      frames: await Promise.all(Array.from({ length: frames }, async (_, n) => hex((await series.frame(sop, n + 1)).bytes))),
      whole: hex(await series.instance(sop)),
      streamed: await streamed(series.instanceStream(sop)),
    })),
  );
  const overview = await grant.overview(study, uid);
  return { uid, instances, overview: overview && hex(overview.subarray(0, 3)) };
}

/** Attributes of which metadata names the place alone, pixel data aside. @param {Record<string, any>} dicom */
function referred(dicom) {
  return Object.entries(dicom).flatMap(([tag, { BulkDataURI }]) => (BulkDataURI && tag !== "7FE00010" ? [[tag, BulkDataURI]] : []));
}

/** @param {AsyncIterable<Uint8Array>} pieces */
async function streamed(pieces) {
  let text = "";
  for await (const piece of pieces) text += hex(piece);
  return text;
}

/** @param {Uint8Array} data */
function hex(data) {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
