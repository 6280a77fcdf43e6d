// cornerstone3D's decoders over frames that the opener opened: what comes out is checked before it is drawn.
import { getShouldUseCPURendering, imageLoader, metaData, utilities } from "@cornerstonejs/core";
import { createImage, init as initLoader, wadors } from "@cornerstonejs/dicom-image-loader/imageLoader";
import { number, text } from "./attributes.js";
import { Failure, codeOf, isAbort } from "./failures.js";
import { readyToDecode } from "./frame_bytes.js";
import { hasWindow } from "./lookup_tables.js";
import { pixelFormat } from "./pixel_format.js";

const SCHEME = "coffre";
const LONGEST_DECODE_MS = 30_000;
const MOST_WORKERS = 4;
const OVER_OTHER_PROVIDERS = 10_000;
/** @type {Map<string, import("./instances.js").Frame>} */
const frames = new Map();

export function startDecoders() {
  const maxWebWorkers = Math.min(MOST_WORKERS, Math.max(1, (navigator.hardwareConcurrency ?? 2) - 1));
  initLoader({ maxWebWorkers });
  metaData.addProvider(wadors.metaData.metaDataProvider, OVER_OTHER_PROVIDERS);
  imageLoader.registerImageLoader(SCHEME, (id, options) => load(frames.get(id), options));
}

/** Makes frames known by their ids. @param {import("./instances.js").Frame[]} added */
export function register(added) {
  for (const frame of added) frames.set(frame.id, frame);
}

export function forget(removed) {
  for (const { id } of removed) {
    frames.delete(id);
    wadors.metaDataManager.remove(id);
  }
}

function load(frame, { priority = 0 } = {}) {
  const abort = new AbortController();
  return { promise: image(frame, abort.signal, priority), cancelFn: () => abort.abort() };
}

/** The image, decoded. Rejects with a `Failure`, an error of the opener, or an abort. */
async function image(frame, signal, priority) {
  const attributes = await frame.attributes(signal);
  const declared = pixelFormat(attributes, frame.instance.transferSyntax);
  const tables = await frame.tables(attributes, signal);
  const { bytes, syntax } = await frame.bytes(declared, signal, priority);
  const format = pixelFormat(attributes, syntax);
  const ready = readyToDecode(bytes, format);
  wadors.metaDataManager.add(frame.id, {
    ...attributes,
    "00280004": { vr: "CS", Value: [ready.photometric] },
    // the decoder takes it for granted that there is one
    "00080060": { vr: "CS", Value: [text(attributes, "00080060") || "OT"] },
    "00280006": { vr: "US", Value: [ready.isPlanar ? 1 : 0] },
    // one that is none would be taken for one
    ...(hasWindow(attributes) ? {} : { "00281050": undefined, "00281051": undefined }),
  });
  const made = await decoded(frame.id, ready);
  check(made, format);
  return windowed(tables ? mapped(made, tables) : made, attributes, tables);
}

async function decoded(id, { bytes, syntax }) {
  const useRGBA = getShouldUseCPURendering();
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Failure("decoder_too_slow")), LONGEST_DECODE_MS);
  });
  try {
    return await Promise.race([createImage(id, bytes, syntax, { useRGBA, preScale: { enabled: true } }), late]);
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new Failure(codeOf(error, "pixels_not_decodable"), error);
  } finally {
    clearTimeout(timer);
  }
}

/** A decoder may give another picture than the attributes describe: that one is not drawn. */
function check(image, { rows, columns, samples }) {
  const perPixel = image.getPixelData()?.length / (rows * columns);
  const expected = image.color ? [3, 4] : [samples];
  if (image.rows !== rows || image.columns !== columns || !expected.includes(perPixel)) {
    throw new Failure("pixels_not_decodable");
  }
}

/** The image with the values that its tables give in place of those that were decoded. */
function mapped(image, tables) {
  const values = tables.of(image.getPixelData());
  const [least, most] = range(values);
  image.imageFrame.pixelData = values;
  const { width, height } = image;
  return Object.assign(image, {
    getPixelData: () => values,
    voxelManager: utilities.VoxelManager.createImageVoxelManager({ scalarData: values, width, height, numberOfComponents: 1 }),
    dataType: values.constructor.name,
    sizeInBytes: values.byteLength,
    minPixelValue: least,
    maxPixelValue: most,
  });
}

/**
 * Without a window of its own an image is shown by its table of values of interest, otherwise from its least to its
 * greatest value, padding left out.
 */
function windowed(image, attributes, tables) {
  if (image.color || hasWindow(attributes)) return image;
  if (tables?.window) return Object.assign(image, tables.window);
  const hidden = padding(attributes, tables);
  if (hidden === undefined && !tables) return image; // the decoder did it
  const [least, most] = range(image.getPixelData(), hidden);
  if (least < most) Object.assign(image, { windowWidth: most - least + 1, windowCenter: (most + least + 1) / 2 });
  return image;
}

/** The value that padding has in the decoded image; undefined where there is none. */
function padding(attributes, tables) {
  const stored = number(attributes, "00280120");
  if (stored === undefined) return undefined;
  if (tables) return tables.of([stored])[0];
  return stored * (number(attributes, "00281053") ?? 1) + (number(attributes, "00281052") ?? 0);
}

function range(values, hidden) {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (value === hidden) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}
