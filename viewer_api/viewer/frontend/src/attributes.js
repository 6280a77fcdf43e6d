// Reads DICOM JSON (PS3.18 annex F): first values, numbers, names, dates.

/** @typedef {{[tag: string]: {vr: string, Value?: unknown[], InlineBinary?: string, BulkDataURI?: string}}} Attributes */

export const value = (attributes, tag, at = 0) => attributes[tag]?.Value?.[at];

export const text = (attributes, tag) => {
  const found = value(attributes, tag);
  return found === undefined || found === null ? "" : String(found).trim();
};

export function number(attributes, tag, at = 0) {
  const found = value(attributes, tag, at);
  return found === undefined || found === null || found === "" ? undefined : Number(found);
}

export const numbers = (attributes, tag) => (attributes[tag]?.Value ?? []).map(Number);

/** A person's name as people write it: DICOM has family^given (PS3.5 section 6.2.1). */
export function personName(attributes) {
  const found = value(attributes, "00100010");
  const written = typeof found === "object" && found !== null ? (found.Alphabetic ?? "") : String(found ?? "");
  const [family = "", given = ""] = written.split("^");
  return [given, family].filter(Boolean).join(" ");
}

/** 3 mars 2026, of 20260303; what is no date is no text. */
export function day(attributes, tag) {
  const found = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(text(attributes, tag));
  if (!found) return "";
  const date = new Date(Date.UTC(Number(found[1]), Number(found[2]) - 1, Number(found[3])));
  return new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeZone: "UTC" }).format(date);
}

/** The bytes of a value that stands in the JSON itself. */
export function inlineBytes(element) {
  const binary = atob(element.InlineBinary);
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** One frame's own attributes: functional groups stand beside the others (PS3.3 section C.7.6.16). */
export function ofFrame(attributes, frame) {
  const { 52009229: shared, 52009230: perFrame, ...rest } = attributes;
  const groups = [shared?.Value?.[0], perFrame?.Value?.[frame - 1]].filter(Boolean);
  for (const group of groups) {
    for (const macro of Object.values(group)) {
      if (macro.vr === "SQ" && macro.Value?.[0]) Object.assign(rest, macro.Value[0]);
    }
  }
  rest["00280008"] = { vr: "IS", Value: [1] };
  return rest;
}
