// Tables to the modality's values (PS3.3 section C.11.1) and to values of interest (section C.11.2), where they are no straight line.
import { number, text } from "./attributes.js";
import { Failure } from "./failures.js";
import { entriesOf } from "./palettes.js";

const MODALITY_TABLES = "00283000";
const TABLES_OF_INTEREST = "00283010";
const DESCRIPTOR = "00283002";
const DATA = "00283006";
const GREY = new Set(["MONOCHROME1", "MONOCHROME2"]);
/** Angiography and fluoroscopy: their table leads to the intensity of X-rays, and viewers differ on whether it is for display. */
const TO_INTENSITY = new Set(["1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.12.2"]);
/** Their windows and presets are read as Hounsfield numbers, or as uptake. */
const MEASURED = new Set(["CT", "PT"]);
const SIGN = 2 ** 15;

/** Whether the file has a window of its own, which is shown before any table of interest. */
export function hasWindow(attributes) {
  return number(attributes, "00281050") !== undefined && number(attributes, "00281051") !== undefined;
}

/**
 * The tables of a grey image, or null where all of it is linear.
 * @param {import("./attributes.js").Attributes} attributes of one frame
 * @param {(element: object) => Promise<Uint8Array>} bytesOf reads a value, wherever its bytes are
 * @returns {Promise<LookupTables | null>}
 * @throws {Failure} lookup_table_unknown: the tables are not complete, contradict the rest, or may not be for display
 */
export async function lookupTables(attributes, bytesOf) {
  const hasModality = attributes[MODALITY_TABLES]?.Value?.length > 0;
  const hasInterest = !hasWindow(attributes) && attributes[TABLES_OF_INTEREST]?.Value?.length > 0;
  if (!GREY.has(text(attributes, "00280004")) || !(hasModality || hasInterest)) return null;
  checkAgreed(attributes, hasModality);
  return new LookupTables(
    hasModality ? await tableOf(attributes, MODALITY_TABLES, bytesOf) : null,
    hasInterest ? await tableOf(attributes, TABLES_OF_INTEREST, bytesOf) : null,
  );
}

function checkAgreed(attributes, hasModality) {
  const isRescaled = (number(attributes, "00281053") ?? 1) !== 1 || (number(attributes, "00281052") ?? 0) !== 0;
  const isToIntensity = TO_INTENSITY.has(text(attributes, "00080016"));
  if (MEASURED.has(text(attributes, "00080060"))) throw new Failure("lookup_table_unknown");
  if (hasModality && (isRescaled || isToIntensity)) throw new Failure("lookup_table_unknown");
}

/** The first of the tables, which is the one to show first. */
async function tableOf(attributes, tag, bytesOf) {
  const item = attributes[tag].Value[0];
  const [count, start, bits] = [0, 1, 2].map((at) => number(item, DESCRIPTOR, at));
  const element = item[DATA];
  const isWhole = [count, start, bits].every(Number.isInteger) && bits >= 8 && bits <= 16 && element;
  // a start of negative values that was read without its sign could be either
  const isUnsure = start >= SIGN && (number(attributes, "00280103") === 1 || (number(attributes, "00281052") ?? 0) < 0);
  if (!isWhole || isUnsure) throw new Failure("lookup_table_unknown");
  const entries = element.Value ?? entriesOf(await bytesOf(element), [count, start, bits], "lookup_table_unknown");
  if (entries.length !== (count || 2 ** 16)) throw new Failure("lookup_table_unknown");
  return { entries: Uint16Array.from(entries), start, most: 2 ** bits - 1 };
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
