// A PDF on the page, drawn here by pdf.js: each page as a picture with its text over it, to be read aloud and selected.
import dicomParser from "dicom-parser";
import { GlobalWorkerOptions, TextLayer, getDocument } from "pdfjs-dist";
import workerUrl from "pdfjs-dist/build/pdf.worker.min.mjs?url";
import files from "virtual:pdf";
import { Failure, codeOf, isAbort } from "./failures.js";
import { tell } from "./messages.js";
import { made, number, page as words, part, say, show } from "./page.js";

GlobalWorkerOptions.workerSrc = workerUrl;
const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3];
const MOST_PIXELS = 2 ** 24;
const NEAR = "100% 0px";

/** The document of the page itself. @param {{grant: object, close(): void}} opened */
export async function open({ grant, close }) {
  const abort = new AbortController();
  const drawn = await drawPdf(pdfIn(await grant.document(words.document, { signal: abort.signal })), abort.signal);
  return { end: () => (abort.abort(), drawn.end(), close()) };
}

/** The document itself, or the PDF in a DICOM file (PS3.3 section A.45.1). @param {Uint8Array} bytes */
function pdfIn(bytes) {
  if (new TextDecoder("latin1").decode(bytes.subarray(0, 1024)).includes("%PDF-")) return bytes;
  try {
    const { dataOffset, length } = dicomParser.parseDicom(bytes).elements.x00420011;
    return bytes.slice(dataOffset, dataOffset + length);
  } catch (error) {
    throw new Failure("pdf_unreadable", error);
  }
}

/** Draws a PDF. @param {Uint8Array} bytes @param {AbortSignal} signal ends it @throws {Failure} pdf_unreadable */
async function drawPdf(bytes, signal) {
  show(part("pdf"));
  const task = getDocument({
    data: bytes,
    isEvalSupported: false,
    enableXfa: false,
    disableFontFace: false,
    useWorkerFetch: true,
    cMapUrl: `${files}cmaps/`,
    standardFontDataUrl: `${files}standard_fonts/`,
    wasmUrl: `${files}wasm/`,
    iccUrl: `${files}iccs/`,
  });
  signal.addEventListener("abort", () => task.destroy(), { once: true });
  try {
    const view = new PdfView(await task.promise);
    await view.begin();
    return { end: () => (view.end(), task.destroy()) };
  } catch (error) {
    if (isAbort(error) || signal.aborted) throw error;
    throw new Failure(error?.name === "PasswordException" ? "pdf_encrypted" : codeOf(error, "pdf_unreadable"), error);
  }
}

class PdfView {
  #zoom = ZOOMS.indexOf(1);
  #turn = 0;

  constructor(pdf) {
    this.pdf = pdf;
    this.place = part("pdf-pages");
    this.observer = new IntersectionObserver((entries) => entries.forEach((each) => this.#seen(each)), { rootMargin: NEAR });
    part("pdf-larger").onclick = () => this.zoom(1);
    part("pdf-smaller").onclick = () => this.zoom(-1);
  }

  /** Resolves once the first page is drawn. */
  async begin() {
    part("pdf-count").textContent = say("pdf.count", { n: number(this.pdf.numPages) });
    await this.#lay();
    await this.#draw(this.place.firstElementChild);
  }

  async zoom(by) {
    this.#zoom = Math.min(ZOOMS.length - 1, Math.max(0, this.#zoom + by));
    await this.#lay();
  }

  /** A place for every page, of the first one's size until it is drawn. */
  async #lay() {
    this.#turn += 1;
    this.observer.disconnect();
    const { width, height } = (await this.pdf.getPage(1)).getViewport({ scale: 1 });
    this.fitting = Math.min(1.6, this.place.clientWidth / width);
    const scale = this.fitting * ZOOMS[this.#zoom];
    part("pdf-zoom").textContent = say("pdf.zoom", { percent: number(Math.round(ZOOMS[this.#zoom] * 100)) });
    const pages = Array.from({ length: this.pdf.numPages }, (_, at) => {
      const label = say("pdf.page", { n: number(at + 1), count: number(this.pdf.numPages) });
      const each = made("section", undefined, { class: "pdf-page", "aria-label": label, "data-n": at + 1 });
      Object.assign(each.style, { width: `${width * scale}px`, height: `${height * scale}px` });
      return each;
    });
    this.place.replaceChildren(...pages);
    for (const each of pages) this.observer.observe(each);
  }

  #seen({ isIntersecting, target }) {
    if (isIntersecting) this.#draw(target).catch((error) => tell(error, { unforeseen: "pdf_unreadable" }));
  }

  async #draw(place) {
    if (place.dataset.drawn) return;
    place.dataset.drawn = "yes";
    const turn = this.#turn;
    const page = await this.pdf.getPage(Number(place.dataset.n));
    const viewport = page.getViewport({ scale: this.fitting * ZOOMS[this.#zoom] });
    const finer = Math.min(devicePixelRatio || 1, Math.sqrt(MOST_PIXELS / (viewport.width * viewport.height)));
    const canvas = made("canvas", undefined, { "aria-hidden": "true" });
    [canvas.width, canvas.height] = [Math.floor(viewport.width * finer), Math.floor(viewport.height * finer)];
    const transform = finer === 1 ? null : [finer, 0, 0, finer, 0, 0];
    await page.render({ canvas, viewport, transform }).promise;
    const text = made("div", undefined, { class: "text-layer" });
    await new TextLayer({ textContentSource: page.streamTextContent(), container: text, viewport }).render();
    if (turn !== this.#turn) return;
    Object.assign(place.style, { width: `${viewport.width}px`, height: `${viewport.height}px` });
    place.style.setProperty("--total-scale-factor", String(viewport.scale));
    place.style.setProperty("--scale-factor", String(viewport.scale));
    place.replaceChildren(canvas, text);
  }

  end() {
    this.observer.disconnect();
    this.place.replaceChildren();
  }
}
