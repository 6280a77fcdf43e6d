// Makes the bytes of a frame what the decoders take for granted, and says with which attributes they agree.
import { Failure } from "./failures.js";
import { BIG_ENDIAN, JPEG_BASELINE, JPEG_EXTENDED, LITTLE_ENDIAN, RLE, nativeLength } from "./pixel_format.js";

const APP0 = 0xe0;
const APP14 = 0xee;
const START_OF_SCAN = 0xda;
const ADOBE_WITHOUT_TRANSFORM = [0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, 0];

/**
 * @param {Uint8Array} bytes of one frame, as stored
 * @param {ReturnType<typeof import("./pixel_format.js").pixelFormat>} format
 * @returns {{bytes: Uint8Array, syntax: string, photometric: string, isPlanar: boolean}}
 * @throws {Failure} frame_size_wrong
 */
export function readyToDecode(bytes, format) {
  const { syntax, photometric, isPlanar } = format;
  if (format.isNative) return ready(native(bytes, format), format);
  if (syntax === JPEG_BASELINE || (syntax === JPEG_EXTENDED && format.allocated === 8)) {
    const marked = photometric === "RGB" ? withoutTransform(bytes) : bytes;
    // eight bits of JPEG Extended are read like Baseline, which is read by the browser where it has colours
    return { bytes: marked, syntax: JPEG_BASELINE, photometric, isPlanar: false };
  }
  // codecs give colour by pixel, whatever the attributes say; RLE alone keeps planes
  return { bytes, syntax, photometric, isPlanar: syntax === RLE && isPlanar };
}

function ready(bytes, { syntax, photometric, isPlanar }) {
  const decodedAs = syntax === BIG_ENDIAN ? BIG_ENDIAN : LITTLE_ENDIAN;
  if (photometric !== "YBR_FULL_422") return { bytes, syntax: decodedAs, photometric, isPlanar };
  return { bytes: expanded(bytes), syntax: decodedAs, photometric: "YBR_FULL", isPlanar: false };
}

function native(bytes, format) {
  const length = nativeLength(format);
  const isPadded = bytes.length === length + 1 && bytes.length % 2 === 0;
  if (bytes.length !== length && !isPadded) throw new Failure("frame_size_wrong");
  const { allocated, stored, isSigned, syntax } = format;
  const exact = bytes.slice(0, length); // begins where a word may begin
  if (isSigned || stored === allocated || allocated === 32 || syntax === BIG_ENDIAN) return exact;
  return withoutHighBits(exact, allocated, stored);
}

/** Bits above the stored ones are not part of the sample: older files keep overlays there (PS3.5 section 8.1.1). */
function withoutHighBits(bytes, allocated, stored) {
  const samples = allocated === 16 ? new Uint16Array(bytes.buffer) : bytes;
  const mask = 2 ** stored - 1;
  for (let at = 0; at < samples.length; at += 1) samples[at] &= mask;
  return bytes;
}

/** Y1 Y2 Cb Cr to a pixel each (PS3.3 section C.7.6.3.1.2). */
function expanded(pairs) {
  const pixels = new Uint8Array((pairs.length / 4) * 6);
  for (let from = 0, to = 0; from < pairs.length; from += 4, to += 6) {
    const [first, second, blue, red] = [pairs[from], pairs[from + 1], pairs[from + 2], pairs[from + 3]];
    pixels.set([first, blue, red, second, blue, red], to);
  }
  return pixels;
}

/** A JPEG of red, green and blue that does not say so would be taken for YCbCr: an Adobe segment says it. */
function withoutTransform(bytes) {
  const kept = [bytes.subarray(0, 2), Uint8Array.from(ADOBE_WITHOUT_TRANSFORM)];
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== START_OF_SCAN) {
    const marker = bytes[at + 1];
    const end = at + 2 + bytes[at + 2] * 256 + bytes[at + 3];
    if (marker === APP14) return bytes;
    if (marker !== APP0) kept.push(bytes.subarray(at, end));
    at = end;
  }
  kept.push(bytes.subarray(at));
  return joined(kept);
}

function joined(pieces) {
  const whole = new Uint8Array(pieces.reduce((all, piece) => all + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
