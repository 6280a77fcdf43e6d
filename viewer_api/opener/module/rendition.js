// @ts-check
/** Renditions, `coffre-rendition-v1` (docs/formats.md section 1): a JPEG that says in a comment what it shows. */

import { OpenError } from "./errors.js";
import { integer, items, members, readJson, text } from "./json.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */

/**
 * @typedef {object} Rendition
 * @property {"overview" | "strip"} form
 * @property {number} columns frames in a row; they lie row by row from the upper left
 * @property {number} width of each frame's cell, in pixels
 * @property {number} height
 * @property {[sop: string, frame: number][]} frames what each cell shows
 * @property {Bytes} jpeg the whole file
 */

export const LARGEST_OVERVIEW = 64 * 1024, LARGEST_STRIP = 256 * 1024;
const FORMAT = "coffre-rendition-v1", OVERVIEW = "overview", STRIP = "strip";
const MOST_FRAMES = 64, LONGEST_SIDE = 65_535, MOST = 2 ** 31 - 1;
const COM = 0xfe, FIRST_APP = 0xe0, LAST_APP = 0xef;
const MEMBERS = ["format", "form", "study", "series", "columns", "width", "height", "frames"];

/**
 * What a file says of itself that a grant says is of this series. Raises "rendition_not_valid".
 * @param {string} study
 * @param {string} series
 * @param {Bytes} data
 * @returns {Rendition}
 */
export function readRendition(study, series, data) {
  try {
    const found = members(readJson(description(data)), MEMBERS);
    if (found.format !== FORMAT || found.study !== study || found.series !== series) throw notValid();
    if (found.form !== OVERVIEW && found.form !== STRIP) throw notValid();
    const frames = items(found.frames).map(readFrame);
    const [most, largest] = found.form === OVERVIEW ? [1, LARGEST_OVERVIEW] : [MOST_FRAMES, LARGEST_STRIP];
    if (frames.length < 1 || frames.length > most || data.length > largest) throw notValid();
    return {
      form: found.form,
      columns: count(found.columns, MOST_FRAMES),
      width: count(found.width, LONGEST_SIDE),
      height: count(found.height, LONGEST_SIDE),
      frames,
      jpeg: data,
    };
  } catch {
    throw notValid();
  }
}

/** The first comment behind the APPn segments (ITU-T T.81 section B.2.4). @param {Bytes} data */
function description(data) {
  if (data.length > LARGEST_STRIP || data[0] !== 0xff || data[1] !== 0xd8) throw notValid();
  for (let at = 2; at + 4 <= data.length && data[at] === 0xff; ) {
    const marker = data[at + 1], length = (data[at + 2] << 8) | data[at + 3];
    const end = at + 2 + length;
    if (length < 2 || end > data.length) break;
    if (marker === COM) return data.subarray(at + 4, end);
    if (marker < FIRST_APP || marker > LAST_APP) break;
    at = end;
  }
  throw notValid();
}

/** @param {unknown} value @returns {[string, number]} */
function readFrame(value) {
  const [sop, number, ...more] = items(value);
  if (more.length) throw notValid();
  return [text(sop, 64), count(number, MOST)];
}

/** @param {unknown} value @param {number} most */
function count(value, most) {
  if (integer(value, 1) > most) throw notValid();
  return /** @type {number} */ (value);
}

function notValid() {
  return new OpenError("rendition_not_valid");
}
