// The keyboard map. Keys count while the focus is in the viewer, never in a field of it (WCAG 2.1.4).

export const KEYS = {
  ArrowDown: "next", ArrowUp: "previous", ArrowRight: "next", ArrowLeft: "previous",
  PageDown: "forward", PageUp: "back", Home: "first", End: "last",
  "+": "zoom-in", "=": "zoom-in", "-": "zoom-out", "0": "fit",
  "Shift+ArrowLeft": "left", "Shift+ArrowRight": "right", "Shift+ArrowUp": "up", "Shift+ArrowDown": "down",
  b: "brighter", n: "darker", c: "more-contrast", v: "less-contrast",
  i: "invert", r: "reset", " ": "play", "?": "help", h: "help",
};
const OWN = "input, select, textarea, summary, a, dialog";

/** @param {HTMLElement} element @param {import("./commands.js").Commands} commands @param {AbortSignal} signal ends it */
export function listen(element, commands, signal) {
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest(OWN)) return;
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const isArrow = event.shiftKey && name.startsWith("Arrow");
    const command = KEYS[isArrow ? `Shift+${name}` : name];
    const isPress = event.target.closest("button") && (name === " " || name === "Enter");
    if (!command || isPress) return;
    event.preventDefault();
    commands.do(command);
  }, { signal });
}
