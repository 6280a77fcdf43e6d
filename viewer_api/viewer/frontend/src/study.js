// A study on the page: its series, the stage, and everything a reader does with them.
import * as attributes from "./attributes.js";
import { Cine, rateOf } from "./cine.js";
import { Commands } from "./commands.js";
import { Controls } from "./controls.js";
import { Failure, isAbort } from "./failures.js";
import * as gestures from "./gestures.js";
import { OpenSeries } from "./instances.js";
import * as keys from "./keys.js";
import { clear, tell } from "./messages.js";
import { page, part, say, show } from "./page.js";
import { Prefetch } from "./prefetch.js";
import { SeriesList } from "./series_list.js";
import { Stage } from "./stage.js";

/** @type {Stage|null} there is one graphics engine to a page */
let stage = null;

/** @param {{grant: object, close(): void}} opened @param {() => void} again begins anew with another grant */
export async function open({ grant, close }, again) {
  const study = new Study(grant, close, again);
  await study.begin();
  return study;
}

class Study {
  #abort = new AbortController();
  #series = null;
  #wanted = 0;
  #shown = -1;

  constructor(grant, close, again) {
    this.grant = grant;
    this.close = close;
    this.again = again;
    show(part("images"));
    if (!stage) {
      stage = new Stage(part("canvas"));
      stage.start(new URLSearchParams(location.search).get("rendu"));
    }
    this.prefetch = new Prefetch(stage, () => this.controls.progress());
    this.cine = new Cine(() => this.step(1, true), (isPlaying) => this.controls.playing(isPlaying));
    this.commands = new Commands(stage, this);
    this.controls = new Controls(this.commands, this, stage);
    this.list = new SeriesList(grant, (series) => this.choose(series), this.#abort.signal);
    const { signal } = this.#abort;
    gestures.listen(part("canvas"), this.commands, this, signal);
    keys.listen(part("visionneuse"), this.commands, signal);
  }

  async begin() {
    const first = this.list.first;
    if (!first) throw new Failure("no_images");
    await this.choose(first);
    this.list.draw();
  }

  /** Opens a series: its overview at once, then its first image, while the rest is fetched. */
  async choose(series) {
    this.#leave();
    const abort = (this.#choice = new AbortController());
    const { signal } = abort;
    this.list.mark(series.uid);
    try {
      const opened = this.grant.openSeries(series.study, series.uid, { signal });
      this.#preview(series, signal);
      const found = new OpenSeries(series.uid, await opened);
      if (signal.aborted) return;
      if (!found.frames.length) throw new Failure("no_images");
      this.#series = found;
      stage.take(found.frames);
      this.controls.series(series, found);
      await this.go(0);
    } catch (error) {
      if (!signal.aborted && !isAbort(error)) this.#failed(error);
    }
  }

  #choice = new AbortController();

  #leave() {
    this.#choice.abort();
    this.cine.stop();
    this.prefetch.stop();
    clear();
    this.#series = null;
    this.#shown = -1;
    this.controls.covered(true);
  }

  async #preview(series, signal) {
    const url = await this.list.overview(series);
    if (url && !signal.aborted && this.#shown < 0) this.controls.preview(url);
  }

  get count() {
    return stage.frames.length;
  }

  get shown() {
    return this.#shown;
  }

  /** Shows an image, counted from 0; the ends are the ends. */
  async go(index) {
    if (!this.#series) return;
    const wanted = Math.min(Math.max(0, index), this.count - 1);
    const { signal } = this.#choice;
    this.#wanted = wanted;
    this.controls.waiting(wanted);
    try {
      if (!(await stage.show(wanted)) || signal.aborted) return;
      this.#shown = wanted;
      clear();
      this.controls.drawn(wanted, this.#series.frames[wanted]);
      this.prefetch.around(wanted);
    } catch (error) {
      // the picture of another image must not stand under this one's number
      if (!signal.aborted && this.#wanted === wanted) this.#failed(error, wanted);
    }
  }

  /** @param {boolean} [around] from the last image to the first */
  step(by, around = false) {
    if (!around) this.cine.stop();
    const next = this.#wanted + by;
    return this.go(around ? (next + this.count) % this.count : next);
  }

  play() {
    if (this.cine.isPlaying) this.cine.stop();
    else if (this.#series && this.count > 1) this.cine.start(rateOf(this.#series.frames[0].instance.dicom));
  }

  #failed(error, index) {
    this.cine.stop();
    this.#shown = -1;
    this.controls.covered(false);
    this.controls.failed(index);
    const isEnded = ["grant_expired", "grant_ended", "grant_closed"].includes(error?.code);
    const retry = isEnded || index === undefined ? this.again : () => this.go(index);
    tell(error, { unforeseen: "image_failed", retry });
  }

  /** Who is shown: of the page where it says so, otherwise of the images. */
  get patient() {
    return page.patient || attributes.personName(this.#series.frames[0].instance.dicom) || say("patient.unknown");
  }

  end() {
    this.#leave();
    this.#abort.abort();
    stage.take([]);
    this.close();
  }
}
