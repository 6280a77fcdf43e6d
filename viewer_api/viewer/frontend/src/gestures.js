// Wheel, mouse and fingers on the stage. One finger or the main button does what the chosen tool says.

const WHEEL_STEP = 60;
const SCROLL_STEP = 12;
const WHEEL_ZOOM = 1.1;
const DRAG_ZOOM = 1.01;
const LINES = { 0: 1, 1: 20, 2: 400 };

/** @param {HTMLElement} element @param {import("./commands.js").Commands} commands @param {{step(n: number): void}} stack
 *  @param {AbortSignal} signal ends it */
export function listen(element, commands, stack, signal) {
  const fingers = new Map();
  let left = { wheel: 0, scroll: 0 };

  element.addEventListener("wheel", (event) => {
    event.preventDefault();
    const moved = event.deltaY * LINES[event.deltaMode];
    if (event.ctrlKey) return commands.stage.zoom(moved < 0 ? WHEEL_ZOOM : 1 / WHEEL_ZOOM);
    left.wheel += moved;
    const steps = Math.trunc(left.wheel / WHEEL_STEP) || (Math.abs(moved) >= WHEEL_STEP / 2 ? Math.sign(moved) : 0);
    if (steps) {
      left.wheel = 0;
      stack.step(steps);
    }
  }, { passive: false, signal });

  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    left.scroll = 0;
  }, { signal });
  for (const end of ["pointerup", "pointercancel"]) {
    element.addEventListener(end, ({ pointerId }) => fingers.delete(pointerId), { signal });
  }
  element.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });

  element.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const [across, down] = [event.clientX - before.x, event.clientY - before.y];
    const spread = spreadOf(fingers);
    Object.assign(before, { x: event.clientX, y: event.clientY });
    if (fingers.size > 1) return pinch(commands.stage, spread, spreadOf(fingers), across, down);
    drag(toolOf(event, commands), across, down);
  }, { signal });

  function drag(tool, across, down) {
    if (tool === "window") return commands.dragWindow(across, down);
    if (tool === "pan") return commands.stage.pan(across, down);
    if (tool === "zoom") return commands.stage.zoom(DRAG_ZOOM ** -down);
    left.scroll += down;
    const steps = Math.trunc(left.scroll / SCROLL_STEP);
    if (!steps) return undefined;
    left.scroll -= steps * SCROLL_STEP;
    return stack.step(steps);
  }
}

const toolOf = (event, commands) => ({ 2: "zoom", 4: "pan" })[event.buttons] ?? commands.tool;

function pinch(stage, before, after, across, down) {
  if (before > 0 && after > 0) stage.zoom(after / before);
  stage.pan(across / 2, down / 2); // each of two fingers brings half of the movement
}

function spreadOf(fingers) {
  const [one, other] = [...fingers.values()];
  return other ? Math.hypot(one.x - other.x, one.y - other.y) : 0;
}
