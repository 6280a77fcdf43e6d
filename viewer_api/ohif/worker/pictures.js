// @ts-check
/**
 * Rendered and thumbnail resources (PS3.18 sections 8.7.4, 10.4.1.1.3, 10.4.1.1.4), drawn in this browser: small
 * pictures of a series come from its sealed overview, images from their samples.
 */

import { OpenError } from "/opener/index.js";
import { acceptedBy, choose } from "./accept.js";
import { answerOf, part } from "./bodies.js";
import { drawn } from "./drawing.js";
import { first } from "./metadata.js";
import { Refused } from "./problems.js";
import { frameNumbers } from "./retrieval.js";

/** @typedef {import("./opened-studies.js").OpenedStudy} OpenedStudy */
/** @typedef {import("./resources.js").Resource} Resource */
/** @typedef {import("./retrieval.js").Found} Found */
/** @typedef {{width: number, height: number}} Size */

const JPEG = "image/jpeg", PNG = "image/png", PDF = "application/pdf";
const ROWS = "00280010", NUMBER = "00200013", DOCUMENT = "00420011", MEDIA_TYPE = "00420012";
const SMALL = { width: 256, height: 256 };
const SIZE = /^([1-9][0-9]{0,4}),([1-9][0-9]{0,4})(?:,.*)?$/;
const WINDOW = /^([+-]?[0-9.]{1,18}),([0-9.]{1,18}),linear$/;

export class Pictures {
  /** @param {OpenedStudy} study @param {Request} request */
  constructor(study, request) {
    this.study = study;
    this.request = request;
    this.parameters = new URL(request.url).searchParams;
  }

  /** The picture of an instance or frame, or the PDF that it carries; of a series or study the middle one. @param {Resource} resource */
  async rendered(resource) {
    const found = await this.#chosen(resource);
    if (found.instance.dicom[DOCUMENT]?.BulkDataURI) return this.#document(found);
    const form = choose(acceptedBy(this.request), [{ mediaType: JPEG }, { mediaType: PNG }]);
    const number = resource.frames ? frameNumbers(resource.frames)[0] : 1;
    return this.#picture(found, number, form.mediaType, this.#size());
  }

  /** One small picture, whatever it stands for. @param {Resource} resource */
  async thumbnail(resource) {
    const { mediaType } = choose(acceptedBy(this.request), [{ mediaType: JPEG }, { mediaType: PNG }]);
    const size = this.#size() ?? SMALL;
    const overview = resource.sop || mediaType !== JPEG ? null : await this.#overview(resource.series);
    if (overview) return this.#answer(overview, JPEG);
    const found = await this.#chosen(resource);
    const number = resource.frames ? frameNumbers(resource.frames)[0] : Math.floor(found.instance.frames / 2) + 1;
    return this.#picture(found, Math.min(number, found.instance.frames || 1), mediaType, size);
  }

  /** @param {Found} found */
  async #document({ series, instance }) {
    if (first(instance.dicom, MEDIA_TYPE) !== PDF) throw cannotRender(); // whatever a file calls its content runs nowhere
    const form = choose(acceptedBy(this.request), [{ mediaType: PDF }]);
    const bytes = await series.bulkData(instance.sop, instance.dicom[DOCUMENT].BulkDataURI, { signal: this.request.signal });
    return this.#answer(bytes, form.mediaType);
  }

  /** @param {Found} found @param {number} number @param {string} mediaType @param {Size | null} size */
  async #picture(found, number, mediaType, size) {
    if (!first(found.instance.dicom, ROWS) || !found.instance.frames) throw cannotRender();
    const options = { signal: this.request.signal };
    const picture = await drawn(found, number, { mediaType, size, window: this.#window() }, options);
    return this.#answer(picture ?? (await this.#shownAs(found, number, mediaType)), mediaType);
  }

  /** The overview, where it shows this very frame; what this browser cannot decode has no other picture. @param {Found} found @param {number} number @param {string} mediaType */
  async #shownAs({ series, instance }, number, mediaType) {
    const middle = middleOf(await this.#images(series.series));
    const overview = mediaType === JPEG ? await this.#overview(series.series) : null;
    if (!overview || middle?.instance.sop !== instance.sop || number !== Math.floor(instance.frames / 2) + 1) throw cannotRender();
    return overview;
  }

  /** @param {string | undefined} series */
  async #overview(series) {
    for (const uid of series ? [series] : this.study.series) {
      try {
        const found = await this.study.overview(uid, this.request.signal);
        if (found) return found;
      } catch (error) {
        // the images themselves are there
        if (!(error instanceof OpenError) || error.code !== "rendition_not_valid") throw error;
      }
    }
    return null;
  }

  /** @param {Resource} resource @returns {Promise<Found>} */
  async #chosen({ series, sop }) {
    if (series && sop) return this.study.instance(series, sop);
    for (const uid of series ? [series] : this.study.series) {
      const middle = middleOf(await this.#images(uid));
      if (middle) return middle;
    }
    throw cannotRender();
  }

  /** The images of a series by their number. @param {string} uid @returns {Promise<Found[]>} */
  async #images(uid) {
    const found = (await this.study.opened(uid)).flatMap((series) => series.instances.map((instance) => ({ series, instance })));
    const number = (/** @type {Found} */ { instance }) => Number(first(instance.dicom, NUMBER)) || 0;
    return found.filter(({ instance }) => first(instance.dicom, ROWS)).sort((one, other) => number(one) - number(other));
  }

  /** @returns {Size | null} */
  #size() {
    const text = this.parameters.get("viewport");
    if (text === null) return null;
    const found = SIZE.exec(text);
    if (!found) throw new Refused(400, "bad_viewport", "The viewport is width,height in pixels.");
    return { width: Math.min(4096, Number(found[1])), height: Math.min(4096, Number(found[2])) };
  }

  #window() {
    const text = this.parameters.get("window");
    if (text === null) return null;
    const found = WINDOW.exec(text);
    if (!found || !(Number(found[2]) >= 1)) throw new Refused(400, "bad_window", "The window is center,width,linear, of width 1 or more.");
    return { center: Number(found[1]), width: Number(found[2]) };
  }

  /** @param {Uint8Array} bytes @param {string} mediaType */
  #answer(bytes, mediaType) {
    return answerOf([part({ mediaType }, new URL(this.request.url).pathname, bytes)], false);
  }
}

/** @param {Found[]} images @returns {Found | undefined} */
function middleOf(images) {
  return images[Math.floor(images.length / 2)];
}

function cannotRender() {
  const sentence = "This browser draws no picture of what was asked for: open the image in the viewer.";
  return new Refused(406, "cannot_render", sentence);
}
