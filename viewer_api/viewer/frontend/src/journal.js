// The panel that says how the pictures got here: what was fetched, from where, how many bytes.
import { made, number, part, say } from "./page.js";

const REDRAWN_MS = 250;

/** Adds up what the opener fetched, by kind and origin; draws the sums into the panel. */
export class Journal {
  #sums = new Map();
  #timer = 0;

  /** For `onFetched` of the opener. @param {{what: string, url: string, bytes: number}} fetched */
  note = ({ what, url, bytes }) => {
    const origin = new URL(url, location.href).origin;
    const key = `${what} ${origin}`;
    const sum = this.#sums.get(key) ?? { what, origin, requests: 0, bytes: 0 };
    sum.requests += 1;
    sum.bytes += bytes;
    this.#sums.set(key, sum);
    this.#timer ||= setTimeout(() => this.#draw(), REDRAWN_MS);
  };

  #draw() {
    this.#timer = 0;
    const rows = [...this.#sums.values()].map(row);
    part("fetched-rows").replaceChildren(...rows);
    const bytes = [...this.#sums.values()].reduce((all, each) => all + each.bytes, 0);
    part("fetched-total").textContent = say("fetched.total", { size: size(bytes) });
  }
}

function row({ what, origin, requests, bytes }) {
  const line = made("tr");
  const host = origin === location.origin ? say("fetched.here", { host: location.host }) : new URL(origin).host;
  const cells = [say(`fetched.what.${what.replaceAll(" ", "_")}`), host, number(requests), size(bytes)];
  line.append(made("th", cells[0], { scope: "row" }), ...cells.slice(1).map((text) => made("td", text)));
  return line;
}

/** Bytes in words: 12,3 Mo, or 12.3 MB. */
export function size(bytes) {
  const units = say("units.bytes").split(" ");
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${number(value, { maximumFractionDigits: unit ? 1 : 0 })} ${units[unit]}`;
}
