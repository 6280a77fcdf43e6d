// @ts-check
/**
 * Metadata as DICOM JSON, bulk data by address (PS3.18 sections 10.4.1.1.2 and F.2): in the sealed metadata references
 * are places in the stored instance, here addresses that the worker answers. As viewer_api/wado/metadata.py.
 */

/** @typedef {Record<string, any>} DataSet */

const PIXELS = "7FE00010", BITS = "00280100";
const encoder = new TextEncoder();
const AT_ONCE = 64;

/** A copy with addresses below `base` in place of its references. @param {DataSet} dataset @param {string} base @returns {DataSet} */
export function referenced(dataset, base) {
  return Object.fromEntries(Object.entries(dataset).map(([tag, element]) => [tag, shown(element, `${base}/${tag}`)]));
}

/** @param {DataSet} element @param {string} address @returns {DataSet} */
function shown(element, address) {
  if ("BulkDataURI" in element) return { ...element, BulkDataURI: address };
  if (element.vr !== "SQ" || !element.Value) return element;
  const items = element.Value.map((/** @type {DataSet} */ item, /** @type {number} */ number) => referenced(item ?? {}, `${address}/${number}`));
  return { ...element, Value: items };
}

/** With a reference to its frames where none was noted, as at deposits of 0.1.0. @param {DataSet} dataset @param {boolean} hasFrames */
export function completed(dataset, hasFrames) {
  if (!hasFrames || PIXELS in dataset || "7FE00008" in dataset || "7FE00009" in dataset) return dataset;
  return { ...dataset, [PIXELS]: { vr: first(dataset, BITS) === 8 ? "OB" : "OW", BulkDataURI: "" } };
}

/** @param {DataSet} dataset @param {string} tag */
export function first(dataset, tag) {
  return dataset[tag]?.Value?.[0];
}

/** The attribute at a path of tags and numbers of items. @param {DataSet} dataset @param {string[]} path @returns {DataSet | undefined} */
export function attributeAt(dataset, path) {
  const [tag, number, ...rest] = path;
  const found = dataset[tag.toUpperCase()];
  if (number === undefined) return found;
  const item = found?.Value?.[Number(number)];
  return item && typeof item === "object" && rest.length ? attributeAt(item, rest) : undefined;
}

/** A JSON array, in pieces of some dozen data sets. @param {Iterable<DataSet>} datasets */
export async function* written(datasets) {
  /** @type {string[]} */
  let texts = [];
  let between = "[";
  for (const dataset of datasets) {
    texts.push(JSON.stringify(dataset));
    if (texts.length < AT_ONCE) continue;
    yield encoder.encode(between + texts.join(","));
    [texts, between] = [[], ","];
  }
  const rest = texts.length ? between + texts.join(",") : between === "[" ? "[" : "";
  yield encoder.encode(`${rest}]`);
}
