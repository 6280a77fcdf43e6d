// Buttons, slider and words around the stage: what is shown, of how many, of whom.
import * as attributes from "./attributes.js";
import { windowText } from "./commands.js";
import { followsTable } from "./lookup_tables.js";
import { counted, number, page, part, say, show } from "./page.js";

const SPOKEN_AFTER_MS = 400;
const slider = part("position");

export class Controls {
  #timer = 0;
  #series = null;

  /** @param {import("./commands.js").Commands} commands @param {object} study @param {import("./stage.js").Stage} stage */
  constructor(commands, study, stage) {
    this.commands = commands;
    this.study = study;
    this.stage = stage;
    commands.afterwards = () => this.window();
    for (const button of document.querySelectorAll("[data-command]")) {
      button.onclick = () => commands.do(button.dataset.command);
    }
    for (const button of document.querySelectorAll("[data-tool]")) {
      button.onclick = () => this.tool(button.dataset.tool);
    }
    part("preset").onchange = ({ target }) => commands.preset(target.value);
    slider.oninput = () => study.step(Number(slider.value) - 1 - (study.shown < 0 ? 0 : study.shown));
    this.tool(commands.tool);
  }

  tool(name) {
    this.commands.tool = name;
    for (const button of document.querySelectorAll("[data-tool]")) {
      button.setAttribute("aria-pressed", String(button.dataset.tool === name));
    }
  }

  /** Another series is there, though no image of it yet. */
  series(series, opened) {
    this.#series = series;
    const { dicom } = opened.frames[0].instance;
    slider.max = opened.frames.length;
    slider.value = 1;
    show(part("position-row"), opened.frames.length > 1);
    for (const each of document.querySelectorAll("[data-many]")) show(each, opened.frames.length > 1);
    const isMeasured = isCt(dicom) && !opened.frames.some(isByTable);
    for (const each of part("preset").options) each.hidden = each.dataset.ct !== undefined && !isMeasured;
    part("preset").value = "own";
  }

  /** Under the cover the former picture is not seen. @param {boolean} isLoading whether one is on its way */
  covered(isLoading) {
    show(part("cover"));
    show(part("loading"), isLoading);
    show(part("preview"), false);
  }

  /** The overview, until the image itself is there. */
  preview(url) {
    const image = part("preview").querySelector("img");
    image.src = url;
    show(part("preview"));
  }

  waiting(index) {
    slider.value = index + 1;
    show(part("loading"));
  }

  drawn(index, frame) {
    show(part("cover"), false);
    show(part("loading"), false);
    show(part("preview"), false);
    slider.value = index + 1;
    const place = say("view.place", { n: number(index + 1), count: number(this.study.count) });
    part("place").textContent = place;
    slider.setAttribute("aria-valuetext", place);
    this.window();
    this.#say(() => this.#textOf(frame, place));
  }

  failed(index) {
    show(part("loading"), false);
    part("place").textContent = "";
    const place = index === undefined ? "" : say("view.place", { n: number(index + 1), count: number(this.study.count) });
    this.#say(() => say("view.failed", { place }));
  }

  window() {
    if (this.study.shown >= 0 && this.stage.window) part("window").textContent = windowText(this.stage);
  }

  /** Said once a reader rests, not for each image on the way. */
  #say(text) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (part("view-text").textContent = text()), SPOKEN_AFTER_MS);
  }

  /** Patient, date, modality, series, image n of N: what the picture alone does not say. */
  #textOf(frame, place) {
    const { dicom } = frame.instance;
    const modality = attributes.text(dicom, "00080060");
    const key = `modality.${modality}`;
    const date = attributes.day(dicom, "00080020");
    const parts = [this.study.patient, date, page.words[key] ?? modality, this.#series.title, place];
    return `${parts.filter(Boolean).join(", ")}.`;
  }

  playing(isPlaying) {
    const button = part("play");
    button.textContent = say(isPlaying ? "command.stop" : "command.play");
    part("view-text").setAttribute("aria-live", isPlaying ? "off" : "polite");
  }

  progress() {
    const fetched = this.stage.frames.filter((_, index) => this.stage.isFetched(index)).length;
    part("fetched-images").textContent = counted("view.fetched", fetched);
  }
}

const isByTable = ({ instance, frame }) => followsTable(attributes.ofFrame(instance.dicom, frame));
const isCt = (dicom) => attributes.text(dicom, "00080060") === "CT";
