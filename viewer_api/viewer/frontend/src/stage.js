// The stage: one cornerstone3D viewport. It draws by the graphics card, or by the processor where that is surer.
import {
  Enums, RenderingEngine, cache, getRenderingCapabilities, getShouldUseCPURendering, imageLoader, init,
  setUseCPURendering, utilities,
} from "@cornerstonejs/core";
import { forget, register, startDecoders } from "./decoding.js";

const ENGINE = "coffre";
const VIEWPORT = "image";
const CACHE_BYTES = { small: 192 * 2 ** 20, usual: 640 * 2 ** 20 };
const ZOOMS = { least: 0.2, most: 40 };
const [NOW, LATER] = [1, 0];

export class Stage {
  #element;
  #engine;
  #viewport;
  #frames = [];
  #wanted = -1;
  #set = -1;
  #isInverted = false;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#element = element;
  }

  /** @param {string|null} chosen "processeur" or "carte", if the reader chose */
  start(chosen) {
    init();
    startDecoders();
    if (chosen !== "carte" && (chosen === "processeur" || !hasGraphics())) setUseCPURendering(true);
    cache.setMaxCacheSize((navigator.deviceMemory ?? 4) < 4 ? CACHE_BYTES.small : CACHE_BYTES.usual);
    this.#engine = new RenderingEngine(ENGINE);
    this.#engine.enableElement({ viewportId: VIEWPORT, type: Enums.ViewportType.STACK, element: this.#element });
    this.#viewport = this.#engine.getViewport(VIEWPORT);
    new ResizeObserver(() => this.#engine.resize(true, true)).observe(this.#element);
  }

  get drawsBy() {
    return getShouldUseCPURendering() ? "processeur" : "carte";
  }

  get frames() {
    return this.#frames;
  }

  /** Takes another stack; nothing of the former one stays. */
  take(frames) {
    forget(this.#frames);
    cache.purgeCache();
    register(frames);
    this.#frames = frames;
    this.#wanted = this.#set = -1;
    this.#isInverted = false;
  }

  /** Draws the frame at `index`; false where another one was wanted before this one was there. */
  async show(index) {
    this.#wanted = index;
    const { id } = this.#frames[index];
    const image = await imageLoader.loadAndCacheImage(id, { priority: NOW });
    if (this.#wanted !== index || this.#frames[index]?.id !== id) return false;
    if (this.#set < 0) await this.#begin(index, image);
    else await this.#viewport.setImageIdIndex(index);
    this.#set = index;
    await this.#drawn();
    return this.#wanted === index;
  }

  async #begin(index, image) {
    const ids = this.#frames.map(({ id }) => id);
    if (!getShouldUseCPURendering() && exceedsTexture(image)) setUseCPURendering(true);
    await this.#viewport.setStack(ids, index);
    this.#viewport.resetCamera();
    if (getShouldUseCPURendering()) return;
    await this.#drawn();
    // a graphics card that drew nothing at all, such as one whose context was lost
    if (isBlank(this.#element.querySelector("canvas.cornerstone-canvas")) && image.maxPixelValue > image.minPixelValue) {
      setUseCPURendering(true);
      await this.#viewport.setStack(ids, index);
    }
  }

  /** Resolves once the picture is on the canvas. */
  #drawn() {
    return new Promise((resolve) => {
      this.#element.addEventListener(Enums.Events.IMAGE_RENDERED, resolve, { once: true });
      this.#viewport.render();
    });
  }

  /** Loads a frame that may be wanted next. Failures are told when it is. */
  fetch(index) {
    return imageLoader.loadAndCacheImage(this.#frames[index].id, { priority: LATER }).catch(() => null);
  }

  isFetched(index) {
    return cache.getImageLoadObject(this.#frames[index].id) !== undefined;
  }

  get hasRoom() {
    return cache.getCacheSize() < cache.getMaxCacheSize() * 0.8;
  }

  /** Window as centre and width, in the image's own values (PS3.3 section C.11.2.1.2). */
  get window() {
    const range = this.#viewport.getProperties().voiRange;
    if (!range) return null;
    const { windowCenter, windowWidth } = utilities.windowLevel.toWindowLevel(range.lower, range.upper);
    return { center: windowCenter, width: windowWidth };
  }

  set window({ center, width }) {
    const range = utilities.windowLevel.toLowHighRange(Math.max(1, width), center);
    this.#viewport.setProperties({ voiRange: range });
    this.#viewport.render();
  }

  /** The window of the image itself, or all its values. */
  resetWindow() {
    const { windowCenter: center, windowWidth: width } = this.#viewport.getCornerstoneImage();
    this.window = { center: [center].flat()[0], width: [width].flat()[0] };
  }

  wholeRange() {
    const { minPixelValue: least, maxPixelValue: most } = this.#viewport.getCornerstoneImage();
    this.window = { center: (least + most + 1) / 2, width: most - least + 1 };
  }

  get values() {
    const { minPixelValue: least, maxPixelValue: most } = this.#viewport.getCornerstoneImage();
    return most - least;
  }

  zoom(factor) {
    const wanted = Math.min(ZOOMS.most, Math.max(ZOOMS.least, this.#viewport.getZoom() * factor));
    this.#viewport.setZoom(wanted);
    this.#viewport.render();
  }

  /** Moves the image by pixels of the screen; cornerstone's `setPan` goes by other units where the processor draws. */
  pan(right, down) {
    const [from, to] = [[0, 0], [right, down]].map((place) => this.#viewport.canvasToWorld(place));
    const moved = (point) => point.map((value, axis) => value + from[axis] - to[axis]);
    const { focalPoint, position } = this.#viewport.getCamera();
    this.#viewport.setCamera({ focalPoint: moved(focalPoint), position: moved(position) });
    this.#viewport.render();
  }

  fit() {
    this.#viewport.resetCamera();
    this.#viewport.render();
  }

  invert() {
    this.#isInverted = !this.#isInverted;
    this.#viewport.setProperties({ invert: this.#isInverted });
    this.#viewport.render();
  }
}

function hasGraphics() {
  const { webgl2, softwareRasterizer } = getRenderingCapabilities();
  return webgl2 && !softwareRasterizer;
}

const exceedsTexture = ({ rows, columns }) => Math.max(rows, columns) > getRenderingCapabilities().maxTextureSize;

function isBlank(canvas) {
  const small = new OffscreenCanvas(32, 32);
  const context = small.getContext("2d");
  context.drawImage(canvas, 0, 0, 32, 32);
  const { data } = context.getImageData(0, 0, 32, 32);
  return data.every((value, at) => at % 4 === 3 || value === 0);
}
