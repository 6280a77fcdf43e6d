// Plays the stack in a loop, at the rate that the file gives. It never begins by itself.
import { number } from "./attributes.js";

const USUAL_RATE = 10;
const FASTEST = 30;

export class Cine {
  #timer = 0;
  #isGoing = false;

  /** @param {() => Promise<unknown>} next shows the next image @param {(isPlaying: boolean) => void} changed */
  constructor(next, changed) {
    this.next = next;
    this.changed = changed;
  }

  get isPlaying() {
    return this.#isGoing;
  }

  start(rate) {
    if (this.#isGoing) return;
    this.#isGoing = true;
    this.changed(true);
    this.#turn(1000 / rate);
  }

  /** The next image comes no sooner than the rate says, and not before the last one was drawn. */
  async #turn(pause) {
    const begun = performance.now();
    await this.next();
    if (this.#isGoing) this.#timer = setTimeout(() => this.#turn(pause), Math.max(0, pause - (performance.now() - begun)));
  }

  stop() {
    if (!this.#isGoing) return;
    this.#isGoing = false;
    clearTimeout(this.#timer);
    this.changed(false);
  }
}

/** Images a second: Recommended Display Frame Rate, Cine Rate, or of Frame Time (PS3.3 section C.7.6.5). */
export function rateOf(dicom) {
  const said = number(dicom, "00082144") ?? number(dicom, "00180040") ?? 1000 / (number(dicom, "00181063") ?? NaN);
  return said > 0 ? Math.min(FASTEST, said) : USUAL_RATE;
}
