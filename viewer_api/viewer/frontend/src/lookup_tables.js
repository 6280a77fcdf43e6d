// Tables to the modality's values (PS3.3 section C.11.1) and to values of interest (section C.11.2), where they are no straight line.
// The rule is that of content/pixels/lookup_tables.py: tests/viewer/test_lookup_tables.py asks both.
import { number, text } from "./attributes.js";
import { Failure } from "./failures.js";
import { entriesOf } from "./palettes.js";

const MODALITY_TABLES = "00283000";
const TABLES_OF_INTEREST = "00283010";
const DESCRIPTOR = "00283002";
const DATA = "00283006";
const GREY = new Set(["MONOCHROME1", "MONOCHROME2"]);
/** X-Ray Angiographic, Radiofluoroscopic, retired Angiographic Bi-Plane: theirs leads to the intensity of X-rays and is not for display (PS3.4 section N.2.5). */
const TO_INTENSITY = new Set(["1", "2", "3"].map((last) => `1.2.840.10008.5.1.4.1.1.12.${last}`));
const SIGN = 2 ** 15;

/** Whether the file has a window of its own, which is shown before any table of interest. */
export function hasWindow(attributes) {
  const [center, width] = [number(attributes, "00281050"), number(attributes, "00281051")];
  return Number.isFinite(center) && Number.isFinite(width) && width > 0;
}

/** Whether grey values follow a table, so that windows are no longer in the modality's unit. */
export function followsTable(attributes) {
  return hasModalityTable(attributes) || hasTableOfInterest(attributes);
}

const isGrey = (attributes) => GREY.has(text(attributes, "00280004"));

const hasModalityTable = (attributes) =>
  isGrey(attributes) && attributes[MODALITY_TABLES]?.Value?.length > 0 && !TO_INTENSITY.has(text(attributes, "00080016"));

const hasTableOfInterest = (attributes) =>
  isGrey(attributes) && !hasWindow(attributes) && attributes[TABLES_OF_INTEREST]?.Value?.length > 0;

/**
 * The tables of a grey image, or null where all of it is linear.
 * @param {import("./attributes.js").Attributes} attributes of one frame
 * @param {(element: object) => Promise<Uint8Array>} bytesOf reads a value, wherever its bytes are
 * @returns {Promise<LookupTables | null>}
 * @throws {Failure} lookup_table_unknown: the tables are not complete, or contradict the rest
 */
export async function lookupTables(attributes, bytesOf) {
  if (!followsTable(attributes)) return null;
  const hasModality = hasModalityTable(attributes);
  const isRescaled = (number(attributes, "00281053") ?? 1) !== 1 || (number(attributes, "00281052") ?? 0) !== 0;
  if (hasModality && isRescaled) throw new Failure("lookup_table_unknown");
  return new LookupTables(
    hasModality ? await tableOf(attributes, MODALITY_TABLES, bytesOf) : null,
    hasTableOfInterest(attributes) ? await tableOf(attributes, TABLES_OF_INTEREST, bytesOf) : null,
  );
}

/** The first of the tables, which is the one to show first. */
async function tableOf(attributes, tag, bytesOf) {
  const item = attributes[tag].Value[0];
  const isOfInterest = tag === TABLES_OF_INTEREST;
  const [count, start, bits] = [0, 1, 2].map((at) => number(item, DESCRIPTOR, at));
  const element = item[DATA];
  const isWhole = [count, start, bits].every(Number.isInteger) && bits >= 8 && bits <= 16 && element;
  // a start of negative values that was read without its sign could be either
  const isUnsure = start >= SIGN && (number(attributes, "00280103") === 1 || (isOfInterest && (number(attributes, "00281052") ?? 0) < 0));
  if (!isWhole || isUnsure) throw new Failure("lookup_table_unknown");
  const entries = element.Value ?? entriesOf(await bytesOf(element), [count, start, bits], "lookup_table_unknown");
  if (entries.length < (count || 2 ** 16)) throw new Failure("lookup_table_unknown");
  return { entries: Uint16Array.from(entries).subarray(0, count || 2 ** 16), start, most: 2 ** bits - 1 };
}

/** Stored, or rescaled, values through the tables in their order. */
export class LookupTables {
  #tables;

  /** @param {{entries: Uint16Array, start: number, most: number}|null} modality @param {typeof modality} interest */
  constructor(modality, interest) {
    this.#tables = [modality, interest].filter(Boolean);
    /** What is shown of values of interest: all that the table can give. Null without such a table. */
    this.window = interest && { windowCenter: (interest.most + 1) / 2, windowWidth: interest.most + 1 };
  }

  /** @param {ArrayLike<number>} values @returns {Uint16Array} */
  of(values) {
    let found = values;
    for (const table of this.#tables) found = mapped(found, table);
    return found;
  }
}

/** What lies before the first entry, or after the last, is given that entry. */
function mapped(values, { entries, start }) {
  const last = entries.length - 1;
  const out = new Uint16Array(values.length);
  for (let at = 0; at < values.length; at += 1) out[at] = entries[Math.min(Math.max(Math.trunc(values[at] - start), 0), last)];
  return out;
}
