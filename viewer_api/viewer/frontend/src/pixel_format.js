// Which images are drawn: those whose samples are surely understood. All others are refused with a code.
import { number, text } from "./attributes.js";
import { Failure } from "./failures.js";

export const LITTLE_ENDIAN = "1.2.840.10008.1.2.1";
export const BIG_ENDIAN = "1.2.840.10008.1.2.2";
export const DEFLATED = "1.2.840.10008.1.2.1.99";
export const RLE = "1.2.840.10008.1.2.5";
export const JPEG_BASELINE = "1.2.840.10008.1.2.4.50";
export const JPEG_EXTENDED = "1.2.840.10008.1.2.4.51";
const NATIVE = new Set(["1.2.840.10008.1.2", LITTLE_ENDIAN, BIG_ENDIAN, DEFLATED]);
const JPEG_TO_HTJ2K = ["50", "51", "57", "70", "80", "81", "90", "91", "201", "202", "203"];
const ENCAPSULATED = new Set([RLE, ...JPEG_TO_HTJ2K.map((last) => `1.2.840.10008.1.2.4.${last}`)]);
const GREY = new Set(["MONOCHROME1", "MONOCHROME2"]);
const COLOUR = new Set(["RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT"]);
const MOST_SAMPLES = 2 ** 28;

/**
 * What the attributes say of the samples (PS3.3 section C.7.6.3), checked.
 * @param {import("./attributes.js").Attributes} attributes of one frame
 * @throws {Failure} syntax_unknown, pixels_missing or pixel_format_unknown
 */
export function pixelFormat(attributes, syntax) {
  if (!NATIVE.has(syntax) && !ENCAPSULATED.has(syntax)) throw new Failure("syntax_unknown");
  const found = {
    syntax,
    isNative: NATIVE.has(syntax),
    rows: number(attributes, "00280010"),
    columns: number(attributes, "00280011"),
    samples: number(attributes, "00280002") ?? 1,
    allocated: number(attributes, "00280100"),
    stored: number(attributes, "00280101") ?? number(attributes, "00280100"),
    high: number(attributes, "00280102"),
    isSigned: number(attributes, "00280103") === 1,
    photometric: text(attributes, "00280004"),
    isPlanar: number(attributes, "00280006") === 1,
  };
  if (!found.rows || !found.columns || !found.allocated) throw new Failure("pixels_missing");
  if (!isUnderstood(found)) throw new Failure("pixel_format_unknown");
  return found;
}

function isUnderstood({ syntax, isNative, rows, columns, samples, allocated, stored, high, photometric }) {
  if (rows * columns * samples > MOST_SAMPLES) return false;
  if (stored > allocated || (high ?? stored - 1) !== stored - 1) return false;
  if (syntax === BIG_ENDIAN && allocated === 8) return false; // the order of its bytes hangs on the VR
  if (COLOUR.has(photometric)) return samples === 3 && allocated === 8;
  if (photometric === "PALETTE COLOR") return samples === 1 && (allocated === 8 || allocated === 16);
  const depths = isNative ? [8, 16, 32] : [8, 16];
  return GREY.has(photometric) && samples === 1 && depths.includes(allocated);
}

/** Bytes of a native frame; YBR_FULL_422 leaves out every second pair of colours. */
export function nativeLength({ rows, columns, samples, allocated, photometric }) {
  const perPixel = photometric === "YBR_FULL_422" ? 2 : samples;
  return (rows * columns * perPixel * allocated) / 8;
}
