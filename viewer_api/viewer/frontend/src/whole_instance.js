// Frames of an instance whose stored bytes do not address them, such as those of subsampled colour: it is read whole.
import dicomParser from "dicom-parser";
import { Failure } from "./failures.js";
import { nativeLength } from "./pixel_format.js";

const PIXEL_DATA = "x7fe00010";

/**
 * @param {Uint8Array} file the instance as deposited
 * @returns {{frame(n: number, format: object): Uint8Array}} frames count from 1
 * @throws {Failure} instance_unreadable, pixels_missing; of a frame frames_not_found
 */
export function readWhole(file) {
  const dataset = parsed(file);
  const element = dataset.elements[PIXEL_DATA];
  if (!element) throw new Failure("pixels_missing");
  const read = element.encapsulatedPixelData ? encapsulatedFrame : nativeFrame;
  return { frame: (n, format) => read(dataset, element, n, format) };
}

function parsed(file) {
  try {
    return dicomParser.parseDicom(file);
  } catch (error) {
    throw new Failure("instance_unreadable", error);
  }
}

function nativeFrame(dataset, element, n, format) {
  const length = nativeLength(format);
  const start = element.dataOffset + (n - 1) * length;
  if (start + length > element.dataOffset + element.length) throw new Failure("frames_not_found");
  return dataset.byteArray.slice(start, start + length);
}

function encapsulatedFrame(dataset, element, n) {
  try {
    const table = element.basicOffsetTable.length
      ? element.basicOffsetTable
      : dicomParser.createJPEGBasicOffsetTable(dataset, element);
    return dicomParser.readEncapsulatedImageFrame(dataset, element, n - 1, table);
  } catch (error) {
    throw new Failure("frames_not_found", error);
  }
}
