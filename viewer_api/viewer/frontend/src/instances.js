// The images of an open series in their order, and the bytes and attributes of each frame.
import { inlineBytes, number, numbers, ofFrame, text, value } from "./attributes.js";
import { Failure } from "./failures.js";
import { lookupTables } from "./lookup_tables.js";
import { withPalettes } from "./palettes.js";
import { BIG_ENDIAN } from "./pixel_format.js";
import { readWhole } from "./whole_instance.js";

const SPACING = "00280030";
const OTHER_SPACINGS = ["00181164", "00182010", "00280034"]; // imager, scanned film, aspect ratio: shape, not size

/** One image on the stack: a frame of an instance. */
export class Frame {
  constructor(series, instance, frame) {
    this.series = series;
    this.instance = instance;
    this.frame = frame;
    this.id = `coffre:${series.uid}/${instance.sop}/frames/${frame}`;
  }

  /** Its own attributes, with the shape of its pixels; palettes are numbers. */
  async attributes(signal) {
    const found = ofFrame(this.instance.dicom, this.frame);
    if (!found[SPACING]) {
      const other = OTHER_SPACINGS.find((tag) => numbers(found, tag).length === 2);
      if (other) found[SPACING] = { vr: "DS", Value: numbers(found, other) };
    }
    if (text(found, "00280004") !== "PALETTE COLOR") return found;
    return withPalettes(found, (element) => this.series.value(this.instance, element, signal));
  }

  /** Tables of its grey values, of which `attributes` are the frame's own; null where they are linear. */
  tables(attributes, signal) {
    return lookupTables(attributes, (element) => this.series.value(this.instance, element, signal));
  }

  /** @returns {Promise<{bytes: Uint8Array, syntax: string}>} the frame as it was deposited, inflated where it was deflated */
  async bytes(format, signal, priority) {
    const { sop, frames } = this.instance;
    if (frames > 0) {
      const found = await this.series.opened.frame(sop, this.frame, { signal, priority });
      return { bytes: found.bytes, syntax: found.transferSyntax };
    }
    const whole = await this.series.whole(this.instance, signal, priority);
    return { bytes: whole.frame(this.frame, format), syntax: this.instance.transferSyntax };
  }
}

/** A series whose metadata was opened. */
export class OpenSeries {
  #wholes = new Map();

  /** @param {string} uid @param {{instances: object[], frame: Function, instance: Function}} opened by the opener */
  constructor(uid, opened) {
    this.uid = uid;
    this.opened = opened;
    this.instances = [...opened.instances].sort(inOrder);
    this.frames = this.instances.filter(hasPixels).flatMap((instance) => this.#framesOf(instance));
  }

  #framesOf(instance) {
    const count = instance.frames || number(instance.dicom, "00280008") || 1;
    return Array.from({ length: count }, (_, at) => new Frame(this, instance, at + 1));
  }

  /** Bytes of an instance's value, which stands in its metadata or is a part of the file. */
  async value(instance, element, signal) {
    if (element?.InlineBinary !== undefined) return inlineBytes(element);
    if (!element?.BulkDataURI) throw new Failure("instance_unreadable");
    // parts of the file are as they were written; values in the metadata are little endian
    if (instance.transferSyntax === BIG_ENDIAN) throw new Failure("pixel_format_unknown");
    return this.opened.bulkData(instance.sop, element.BulkDataURI, { signal });
  }

  /** An instance read whole; the last one is kept, for its other frames. */
  whole(instance, signal, priority) {
    const kept = this.#wholes.get(instance.sop);
    if (kept) return kept;
    this.#wholes.clear();
    const read = this.opened
      .instance(instance.sop, { signal, priority })
      .then(readWhole);
    read.catch(() => this.#wholes.delete(instance.sop));
    this.#wholes.set(instance.sop, read);
    return read;
  }
}

const hasPixels = ({ dicom }) => value(dicom, "00280010") !== undefined && value(dicom, "00280011") !== undefined;

/** By Instance Number (0020,0013), as the page lists them; what has none comes last. */
function inOrder(one, other) {
  const [first, second] = [one, other].map(({ dicom }) => number(dicom, "00200013") ?? Infinity);
  if (first !== second) return first < second ? -1 : 1;
  return one.sop < other.sop ? -1 : 1;
}
