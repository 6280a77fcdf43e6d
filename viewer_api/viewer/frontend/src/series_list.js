// The series of the study, as the page names them, each with its overview.
import { isAbort } from "./failures.js";
import { made, page, part, say, show } from "./page.js";

export class SeriesList {
  #overviews = new Map();
  #buttons = new Map();

  /** @param {object} grant @param {(series: {study: string, uid: string}) => void} choose @param {AbortSignal} signal */
  constructor(grant, choose, signal) {
    this.grant = grant;
    this.signal = signal;
    const granted = new Map(grant.series.map((each) => [each.series, each.study]));
    this.all = page.series
      .filter(({ uid }) => granted.has(uid))
      .map((each) => ({ ...each, study: granted.get(each.uid) }));
    part("series-list").replaceChildren(...this.all.map((series) => this.#item(series, choose)));
    show(part("series"), this.all.length > 1);
  }

  /** The first series with pictures; else the first. */
  get first() {
    return this.all.find((each) => each.pictures) ?? this.all[0];
  }

  #item(series, choose) {
    const button = made("button", undefined, { type: "button", "aria-pressed": "false" });
    button.append(made("span", series.title), made("span", series.count, { class: "count" }));
    button.onclick = () => choose(series);
    this.#buttons.set(series.uid, button);
    const item = made("li");
    item.append(button);
    return item;
  }

  mark(uid) {
    for (const [each, button] of this.#buttons) button.setAttribute("aria-pressed", String(each === uid));
  }

  /** The address of a series' overview in this page; null where there is none, which is no failure. */
  overview(series) {
    const kept = this.#overviews.get(series.uid);
    if (kept) return kept;
    const made = this.grant
      .overview(series.study, series.uid, { signal: this.signal })
      .then((bytes) => (bytes ? URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" })) : null))
      .catch((error) => (isAbort(error) ? null : this.#damaged(series)));
    this.#overviews.set(series.uid, made);
    return made;
  }

  /** A small picture that does not open is left out; its series says so. */
  #damaged(series) {
    this.#buttons.get(series.uid).append(made("span", say("series.overview_failed"), { class: "count" }));
    return null;
  }

  /** One after the other, behind the images that are being read. */
  async draw() {
    for (const series of this.all) {
      if (this.signal.aborted) return;
      const url = await this.overview(series);
      if (url) this.#buttons.get(series.uid).prepend(made("img", undefined, { src: url, alt: "", width: 64, height: 64 }));
    }
  }
}
