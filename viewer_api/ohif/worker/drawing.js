// @ts-check
/** Images drawn on a canvas without a window: samples by the grayscale display function (PS3.3 section C.11.2). */

import { JPEG_BASELINE, isUncompressed, RLE } from "./forms.js";
import { first } from "./metadata.js";
import { frameOf } from "./retrieval.js";
import { rleSamples } from "./rle.js";

/** @typedef {import("./retrieval.js").Found} Found */
/** @typedef {{center: number, width: number}} Window */
/** @typedef {{mediaType: string, size: {width: number, height: number} | null, window: Window | null}} Wanted */
/** @typedef {Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array} Samples */

const ROWS = "00280010", COLUMNS = "00280011", PER_PIXEL = "00280002", PLANAR = "00280006", BITS = "00280100";
const STORED = "00280101", SIGNED = "00280103", PHOTOMETRIC = "00280004", SLOPE = "00281053", INTERCEPT = "00281052";
const CENTER = "00281050", WIDTH = "00281051";
const QUALITY = 0.9;

/**
 * A frame as a picture; null where its syntax or its colours need a decoder that is not here.
 * @param {Found} found @param {number} number @param {Wanted} wanted @param {{signal: AbortSignal}} options
 */
export async function drawn({ series, instance }, number, { mediaType, size, window }, options) {
  const { dicom, transferSyntax } = instance;
  if (transferSyntax !== JPEG_BASELINE && transferSyntax !== RLE && !isUncompressed(transferSyntax)) return null;
  const bytes = await frameOf(series, instance, number, options);
  if (transferSyntax === JPEG_BASELINE) return encoded(await createImageBitmap(new Blob([copy(bytes)])), mediaType, size);
  const samples = samplesOf(transferSyntax === RLE ? rleSamples(bytes, shapeOf(dicom)) : bytes, dicom);
  const pixels = samples && colours(samples, dicom, transferSyntax === RLE, window);
  return pixels ? encoded(await createImageBitmap(pixels), mediaType, size) : null;
}

/** @param {ImageBitmap} image @param {string} mediaType @param {Wanted["size"]} size at most */
async function encoded(image, mediaType, size) {
  const scale = size ? Math.min(1, size.width / image.width, size.height / image.height) : 1;
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(image.width * scale)), Math.max(1, Math.round(image.height * scale)));
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  const made = await canvas.convertToBlob({ type: mediaType, quality: QUALITY });
  return new Uint8Array(await made.arrayBuffer());
}

/** @param {Record<string, any>} dicom */
function shapeOf(dicom) {
  return {
    pixels: Number(first(dicom, ROWS)) * Number(first(dicom, COLUMNS)),
    planes: Number(first(dicom, PER_PIXEL)) || 1,
    bytes: (Number(first(dicom, BITS)) || 8) >> 3,
  };
}

/** The frame's samples, as numbers of their size; null for single bits and floats. @param {Uint8Array} bytes @param {Record<string, any>} dicom @returns {Samples | null} */
function samplesOf(bytes, dicom) {
  const { pixels, planes, bytes: width } = shapeOf(dicom);
  if (!pixels || !width || bytes.length < pixels * planes * width) return null;
  const isSigned = first(dicom, SIGNED) === 1, { buffer } = copy(bytes.subarray(0, pixels * planes * width));
  switch (width) {
    case 1: return isSigned ? new Int8Array(buffer) : new Uint8Array(buffer);
    case 2: return isSigned ? new Int16Array(buffer) : new Uint16Array(buffer);
    case 4: return isSigned ? new Int32Array(buffer) : new Uint32Array(buffer);
    default: return null;
  }
}

/** @param {Samples} samples @param {Record<string, any>} dicom @param {boolean} isByPlane @param {Window | null} window */
function colours(samples, dicom, isByPlane, window) {
  const photometric = String(first(dicom, PHOTOMETRIC)), { pixels, planes } = shapeOf(dicom);
  const image = new ImageData(Number(first(dicom, COLUMNS)), Number(first(dicom, ROWS)));
  image.data.fill(255);
  if (photometric.startsWith("MONOCHROME")) return shades(image, samples, dicom, photometric === "MONOCHROME1", window);
  if (photometric !== "RGB" || planes !== 3 || samples.BYTES_PER_ELEMENT !== 1) return null;
  const [step, plane] = isByPlane || first(dicom, PLANAR) === 1 ? [1, pixels] : [3, 1];
  for (let at = 0; at < pixels; at++) for (let band = 0; band < 3; band++) image.data[4 * at + band] = samples[at * step + band * plane];
  return image;
}

/** @param {ImageData} image @param {Samples} samples @param {Record<string, any>} dicom @param {boolean} isInverse @param {Window | null} window */
function shades(image, samples, dicom, isInverse, window) {
  const slope = Number(first(dicom, SLOPE) ?? 1), intercept = Number(first(dicom, INTERCEPT) ?? 0);
  const unused = 8 * samples.BYTES_PER_ELEMENT - (Number(first(dicom, STORED)) || 8 * samples.BYTES_PER_ELEMENT);
  const isSigned = first(dicom, SIGNED) === 1;
  const value = (/** @type {number} */ sample) => {
    const shifted = unused ? (isSigned ? (sample << (32 - 8 * samples.BYTES_PER_ELEMENT + unused)) >> (32 - 8 * samples.BYTES_PER_ELEMENT + unused) : sample & (2 ** Number(first(dicom, STORED)) - 1)) : sample;
    return shifted * slope + intercept;
  };
  const { center, width } = window ?? ownWindow(dicom) ?? range(samples, value);
  for (let at = 0; at < samples.length; at++) {
    // PS3.3 section C.11.2.1.2.1
    const part = width > 1 ? (value(samples[at]) - (center - 0.5)) / (width - 1) + 0.5 : Number(value(samples[at]) > center - 0.5);
    const shade = 255 * Math.min(1, Math.max(0, part));
    image.data.fill(isInverse ? 255 - shade : shade, 4 * at, 4 * at + 3);
  }
  return image;
}

/** @param {Record<string, any>} dicom @returns {Window | null} */
function ownWindow(dicom) {
  const center = Number(first(dicom, CENTER)), width = Number(first(dicom, WIDTH));
  return Number.isFinite(center) && width >= 1 ? { center, width } : null;
}

/** @param {Samples} samples @param {(sample: number) => number} value @returns {Window} */
function range(samples, value) {
  let low = Infinity, high = -Infinity;
  for (const sample of samples) {
    const shown = value(sample);
    if (shown < low) low = shown;
    if (shown > high) high = shown;
  }
  return { center: (low + high) / 2 + 0.5, width: high - low + 1 };
}

/** @param {Uint8Array} bytes @returns {Uint8Array<ArrayBuffer>} */
function copy(bytes) {
  return new Uint8Array(bytes);
}
