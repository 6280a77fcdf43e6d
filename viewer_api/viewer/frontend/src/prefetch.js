// Loads the images around the shown one, the nearest first, a few at once, while there is room.

const AT_ONCE = 4;
const FARTHEST = 400;

export class Prefetch {
  #stage;
  #running = 0;
  #around = 0;
  #turn = 0;
  #isOn = false;

  /** @param {import("./stage.js").Stage} stage @param {() => void} fetched after each image */
  constructor(stage, fetched) {
    this.#stage = stage;
    this.fetched = fetched;
  }

  /** @param {number} index the shown image, from which the others are near or far */
  around(index) {
    this.#around = index;
    this.#isOn = true;
    while (this.#running < AT_ONCE && this.#next()) continue;
  }

  /** Another series: what is under way no longer counts. */
  stop() {
    this.#isOn = false;
    this.#turn += 1;
    this.#running = 0;
  }

  #next() {
    const index = this.#isOn && this.#stage.hasRoom ? nearest(this.#around, this.#stage) : undefined;
    if (index === undefined) return false;
    const turn = this.#turn;
    this.#running += 1;
    this.#stage.fetch(index).then((image) => {
      if (turn !== this.#turn) return;
      this.#running -= 1;
      this.fetched();
      if (image) this.#next();
    });
    return true;
  }
}

/** After the shown image before it: most readers go forward. */
function nearest(around, stage) {
  const count = stage.frames.length;
  for (let distance = 1; distance <= Math.min(FARTHEST, count); distance += 1) {
    for (const index of [around + distance, around - distance]) {
      if (index >= 0 && index < count && !stage.isFetched(index)) return index;
    }
  }
  return undefined;
}
