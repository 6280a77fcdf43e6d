// @ts-check
/** Instances, metadata, frames and values of a study (PS3.18 section 10.4), opened in this browser. */

import { OpenError } from "/opener/index.js";
import { acceptedBy, choose } from "./accept.js";
import { answerOf, HEADERS, part, response } from "./bodies.js";
import { swapped, widthOf } from "./byte-order.js";
import { BIG_ENDIAN, frameOffers, instanceOffers, isUncompressed, valueOffers } from "./forms.js";
import { attributeAt, completed, first, referenced, written } from "./metadata.js";
import { Refused } from "./problems.js";

/** @typedef {import("./opened-studies.js").OpenedStudy} OpenedStudy */
/** @typedef {import("./resources.js").Resource} Resource */
/** @typedef {import("/opener/index.js").OpenedSeries} OpenedSeries */
/** @typedef {OpenedSeries["instances"][number]} Instance */
/** @typedef {{series: OpenedSeries, instance: Instance}} Found */

const PIXELS = "7FE00010", BITS_ALLOCATED = "00280100";
const BYTES_OF_ONE = new Set(["OB", "UN"]);
const RANGE = /^bytes=([0-9]{0,15})-([0-9]{0,15})$/;
const MOST_FRAMES = 4096;

export class Retrieval {
  /**
   * @param {OpenedStudy} study
   * @param {Request} request
   * @param {string} root address of the record's DICOMweb
   */
  constructor(study, request, root) {
    this.study = study;
    this.request = request;
    this.base = `${root}/studies/${study.study}`;
  }

  /** Instances as they were deposited. @param {Resource} resource */
  async instances(resource) {
    const found = await this.#named(resource);
    const offers = instanceOffers(found.map(({ instance }) => instance.transferSyntax), found.length === 1);
    const { isMultipart } = choose(acceptedBy(this.request), offers);
    const parts = found.map((one) => ({
      form: { mediaType: "application/dicom", transferSyntax: one.instance.transferSyntax },
      location: this.#address(one),
      length: one.instance.size,
      open: () => one.series.instanceStream(one.instance.sop, { signal: this.request.signal }),
    }));
    return answerOf(parts, Boolean(isMultipart));
  }

  /** @param {Resource} resource */
  async metadata(resource) {
    const offers = ["application/dicom+json", "application/json"].map((mediaType) => ({ mediaType }));
    const { mediaType } = choose(acceptedBy(this.request), offers);
    return response(written(this.#described(await this.#named(resource))), null, { "Content-Type": mediaType });
  }

  /** Frames of one instance, in the order asked. @param {Resource} resource */
  async frames(resource) {
    const numbers = frameNumbers(resource.frames);
    const found = await this.study.instance(String(resource.series), String(resource.sop));
    const form = choose(acceptedBy(this.request), frameOffers(found.instance.transferSyntax, numbers.length === 1));
    return this.#framesAs(found, numbers, form);
  }

  /** A value that metadata names by its address, whole or by range. @param {Resource} resource */
  async bulkdata(resource) {
    const found = await this.study.instance(String(resource.series), String(resource.sop));
    const { instance, series } = found;
    const path = String(resource.path).split("/");
    const element = attributeAt(completed(instance.dicom, instance.frames > 0), path);
    if (!element || !("BulkDataURI" in element)) throw new OpenError("no_such_bulkdata");
    const isPixels = path.length === 1 && path[0].toUpperCase() === PIXELS;
    if (isPixels && !isUncompressed(instance.transferSyntax) && instance.frames) return this.#everyFrame(found);
    const wanted = this.request.headers.get("range");
    const form = choose(acceptedBy(this.request), valueOffers(wanted !== null));
    const bytes = inOrder(await series.bulkData(instance.sop, element.BulkDataURI, this.#options), instance, element.vr);
    const location = `${this.#address(found)}/bulkdata/${path.join("/")}`;
    if (wanted !== null && !form.isMultipart) return ranged(bytes, wanted, location);
    return answerOf([part(form, location, bytes)], Boolean(form.isMultipart));
  }

  /** @param {Found} found */
  #everyFrame(found) {
    const offers = frameOffers(found.instance.transferSyntax, found.instance.frames === 1);
    const numbers = Array.from({ length: found.instance.frames }, (_, index) => index + 1);
    return this.#framesAs(found, numbers, choose(acceptedBy(this.request), offers));
  }

  /** @param {Found} found @param {number[]} numbers @param {import("./accept.js").Offer} form */
  async #framesAs(found, numbers, form) {
    const { series, instance } = found;
    if (Math.max(...numbers) > instance.frames) throw new OpenError("no_such_frame");
    const parts = numbers.map((number) => ({
      form,
      location: `${this.#address(found)}/frames/${number}`,
      length: null,
      open: () => this.#frame(series, instance, number),
    }));
    if (numbers.length > 1) return answerOf(parts, true);
    const bytes = await frameOf(series, instance, numbers[0], this.#options);
    return answerOf([part(form, parts[0].location, bytes)], Boolean(form.isMultipart));
  }

  /** @param {OpenedSeries} series @param {Instance} instance @param {number} number */
  async *#frame(series, instance, number) {
    yield await frameOf(series, instance, number, this.#options);
  }

  get #options() {
    return { signal: this.request.signal };
  }

  /** Each address once; of two structures' the older one's instance. @param {Resource} resource @returns {Promise<Found[]>} */
  async #named({ series, sop }) {
    if (series && sop) return [await this.study.instance(series, sop)];
    const found = new Map();
    for (const uid of series ? [series] : this.study.series) {
      for (const one of await this.study.opened(uid)) {
        for (const instance of one.instances) {
          const key = `${uid}/${instance.sop}`;
          if (!found.has(key)) found.set(key, { series: one, instance });
        }
      }
    }
    if (!found.size) throw new OpenError("no_such_document");
    return [...found.values()];
  }

  /** @param {Found[]} found */
  *#described(found) {
    for (const one of found) {
      const full = completed(one.instance.dicom, one.instance.frames > 0);
      yield referenced(full, `${this.#address(one)}/bulkdata`);
    }
  }

  /** @param {Found} found */
  #address({ series, instance }) {
    return `${this.base}/series/${series.series}/instances/${instance.sop}`;
  }
}

/**
 * A frame as it is stored; samples in the order of bytes that octet-stream has.
 * @param {OpenedSeries} series @param {Instance} instance @param {number} number @param {{signal: AbortSignal}} options
 */
export async function frameOf(series, instance, number, options) {
  const { bytes } = await series.frame(instance.sop, number, options);
  const bits = Number(first(instance.dicom, BITS_ALLOCATED)) || 8;
  return instance.transferSyntax === BIG_ENDIAN ? swapped(bytes, bits >> 3) : bytes;
}

/** @param {Uint8Array} bytes @param {Instance} instance @param {string} vr */
function inOrder(bytes, { transferSyntax }, vr) {
  return transferSyntax === BIG_ENDIAN && !BYTES_OF_ONE.has(vr) ? swapped(bytes, widthOf(vr)) : bytes;
}

/** @param {string | undefined} text */
export function frameNumbers(text) {
  const parts = (text ?? "").split(",");
  const isList = parts.every((each) => /^[1-9][0-9]{0,8}$/.test(each)) && new Set(parts).size === parts.length;
  if (isList && parts.length <= MOST_FRAMES) return parts.map(Number);
  const sentence = `Frames are named by numbers from 1, parted by commas, each once, at most ${MOST_FRAMES}.`;
  throw new Refused(400, "bad_frames", sentence);
}

/** One range (RFC 9110 section 14); of several the whole is the answer. @param {Uint8Array} bytes @param {string} wanted @param {string} location */
function ranged(bytes, wanted, location) {
  const found = RANGE.exec(wanted.trim()), size = bytes.length;
  const headers = { ...HEADERS, "Content-Type": "application/octet-stream", "Content-Location": location };
  if (!found || (found[1] === "" && found[2] === "")) return new Response(copy(bytes), { headers });
  const start = found[1] === "" ? Math.max(0, size - Number(found[2])) : Number(found[1]);
  const stop = found[1] === "" || found[2] === "" ? size : Math.min(size, Number(found[2]) + 1);
  if (start >= size || stop <= start) throw new Refused(416, "range_not_satisfiable", "The range lies behind the end of the object.");
  const said = { "Content-Range": `bytes ${start}-${stop - 1}/${size}`, "Content-Length": String(stop - start) };
  return new Response(copy(bytes.subarray(start, stop)), { status: 206, headers: { ...headers, ...said } });
}

/** @param {Uint8Array} bytes @returns {Uint8Array<ArrayBuffer>} */
function copy(bytes) {
  return new Uint8Array(bytes);
}
