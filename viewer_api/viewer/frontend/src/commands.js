// What a reader can do with the shown image: the same whether by button, key, wheel or touch.
import { part, say } from "./page.js";

const ZOOM = 1.25;
const PAN_PX = 40;
const WINDOW_STEP = 0.05;
export const TOOLS = ["scroll", "window", "zoom", "pan"];

/** Windows of computed tomography, in Hounsfield units: centre, width. */
export const PRESETS = {
  abdomen: [40, 400], mediastinum: [50, 350], lung: [-600, 1500], bone: [300, 1500], brain: [40, 80],
};

export class Commands {
  tool = matchMedia("(pointer: coarse)").matches ? "scroll" : "window";

  /** @param {import("./stage.js").Stage} stage @param {{go(n: number): void, step(n: number): void, play(): void}} stack */
  constructor(stage, stack) {
    const window = (center, width) => changeWindow(stage, center, width);
    this.stage = stage;
    this.all = {
      next: () => stack.step(1),
      previous: () => stack.step(-1),
      forward: () => stack.step(10),
      back: () => stack.step(-10),
      first: () => stack.go(0),
      last: () => stack.go(Infinity),
      "zoom-in": () => stage.zoom(ZOOM),
      "zoom-out": () => stage.zoom(1 / ZOOM),
      left: () => stage.pan(PAN_PX, 0),
      right: () => stage.pan(-PAN_PX, 0),
      up: () => stage.pan(0, PAN_PX),
      down: () => stage.pan(0, -PAN_PX),
      brighter: () => window(-WINDOW_STEP, 0),
      darker: () => window(WINDOW_STEP, 0),
      "more-contrast": () => window(0, -WINDOW_STEP),
      "less-contrast": () => window(0, WINDOW_STEP),
      invert: () => stage.invert(),
      fit: () => stage.fit(),
      reset: () => (stage.fit(), stage.resetWindow()),
      play: () => stack.play(),
      help: () => part("help").showModal(),
    };
    this.afterwards = () => {};
  }

  do(name) {
    this.all[name]?.();
    this.afterwards();
  }

  preset(name) {
    if (name === "own") this.stage.resetWindow();
    else if (name === "all") this.stage.wholeRange();
    else this.stage.window = { center: PRESETS[name][0], width: PRESETS[name][1] };
    this.afterwards();
  }

  /** Pixels of a drag across and down: width by the first, centre by the second, as viewers do. */
  dragWindow(across, down) {
    const pixel = Math.max(1, this.stage.values) / 1024;
    const { center, width } = this.stage.window;
    this.stage.window = { center: center + down * pixel, width: width + across * pixel };
    this.afterwards();
  }
}

function changeWindow(stage, centers, widths) {
  const { center, width } = stage.window;
  stage.window = { center: center + centers * Math.max(width, 20), width: width + widths * Math.max(width, 20) };
}

/** The window in words. */
export function windowText(stage) {
  const { center, width } = stage.window;
  return say("window.now", { center: Math.round(center), width: Math.round(width) });
}
