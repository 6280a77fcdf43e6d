// @ts-check
/** What a DICOMweb address of a record names (PS3.18 section 10.4.1), and who answers it. */

const UID = "([0-9A-Za-z._-]{1,64})";
const STUDY = `/studies/${UID}`;
const SERIES = `${STUDY}/series/${UID}`;
const INSTANCE = `${SERIES}/instances/${UID}`;
const FRAMES = `${INSTANCE}/frames/([0-9,]{1,32768})`;

/** Searches answer what is known of studies, and nothing of what they hold: the reader answers them. */
const SEARCHES = whole(`/studies|/series|/instances|${STUDY}/(?:series|instances)|${SERIES}/instances`);

/**
 * @typedef {object} Resource
 * @property {"instances" | "metadata" | "frames" | "bulkdata" | "rendered" | "thumbnail" | "unknown"} kind
 * @property {string} study
 * @property {string} [series]
 * @property {string} [sop]
 * @property {string} [frames] numbers, parted by commas
 * @property {string} [path] of an attribute
 */

/** @type {[Resource["kind"], RegExp][]} */
const FORMS = [
  ["instances", whole(INSTANCE)],
  ["instances", whole(SERIES)],
  ["instances", whole(STUDY)],
  ...both("metadata", [STUDY, SERIES, INSTANCE]),
  ["frames", whole(FRAMES)],
  ["bulkdata", whole(`${INSTANCE}/bulkdata/([0-9A-Fa-f/]{8,640})`)],
  ...both("rendered", [STUDY, SERIES, INSTANCE, FRAMES]),
  ...both("thumbnail", [STUDY, SERIES, INSTANCE, FRAMES]),
];

/**
 * The resource that an address below the DICOMweb root names; null for searches, which go to the reader.
 * @param {string} path begins with "/studies"
 * @returns {Resource | null}
 */
export function resourceOf(path) {
  if (SEARCHES.test(path)) return null;
  for (const [kind, form] of FORMS) {
    const found = form.exec(path);
    if (!found) continue;
    const [, study, series, sop, last] = found;
    return { kind, study, series, sop, ...(kind === "bulkdata" ? { path: last } : { frames: last }) };
  }
  return { kind: "unknown", study: "" };
}

/** @param {Resource["kind"]} kind @param {string[]} bases @returns {[Resource["kind"], RegExp][]} */
function both(kind, bases) {
  return bases.map((base) => [kind, whole(`${base}/${kind}`)]);
}

/** @param {string} form */
function whole(form) {
  return new RegExp(`^(?:${form})$`);
}
