// @ts-check
/**
 * What a request accepts: `accept` in its query, which comes first, or its header (RFC 9110 section 12.5.1), with the
 * parameters that DICOMweb gives its media types (PS3.18 section 8.7). As viewer_api/wado/accept.py.
 */

import { Refused } from "./problems.js";

/** @typedef {{mediaType: string, parameters: Map<string, string>, weight: number}} MediaRange */
/**
 * @typedef {object} Offer one form in which an answer can be given
 * @property {string} mediaType
 * @property {string} [transferSyntax]
 * @property {boolean} [isMultipart]
 * @property {boolean} [isStored] bytes as they were deposited
 */

const MOST_RANGES = 64;
const WORD = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const RANGE = new RegExp(`\\s*(${WORD})/(${WORD})`, "y");
// a bare value of `type` has a slash, which RFC 9110 would have quoted; viewers send it as it is
const PARAMETER = new RegExp(`\\s*;\\s*(${WORD})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;,"]+))`, "y");
const END = /\s*(?:;\s*)?(?:,|$)/y;
const EMPTY = /\s*(?:,|$)/y;
const WEIGHT = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;
const RELATED = "multipart/related", OCTETS = "application/octet-stream";

/** Raises "bad_accept". @param {Request} request @returns {MediaRange[]} */
export function acceptedBy(request) {
  const given = new URL(request.url).searchParams.getAll("accept").filter((text) => text.trim());
  const texts = given.length ? given : [request.headers.get("accept") ?? ""];
  const ranges = texts.flatMap(rangesOf);
  if (ranges.length > MOST_RANGES) throw bad();
  return ranges.length ? ranges : [{ mediaType: "*/*", parameters: new Map(), weight: 1 }];
}

/** The offer that is accepted most, of equals the first. Raises "not_acceptable". @param {MediaRange[]} ranges @param {Offer[]} offers */
export function choose(ranges, offers) {
  let best = offers[0], most = 0;
  for (const offer of offers) {
    const weight = weightOf(ranges, offer);
    if (weight > most) [best, most] = [offer, weight];
  }
  if (!most) throw new Refused(406, "not_acceptable", `None of the accepted media types can be given. There are: ${named(offers)}.`);
  return best;
}

/** Of a part, or of a body of one. @param {Offer} offer */
export function contentType({ mediaType, transferSyntax }) {
  return transferSyntax ? `${mediaType}; transfer-syntax=${transferSyntax}` : mediaType;
}

/** The most precise range that fits has the word. @param {MediaRange[]} ranges @param {Offer} offer */
function weightOf(ranges, offer) {
  const fitting = ranges.filter((each) => fits(each, offer));
  fitting.sort((one, other) => precision(other) - precision(one) || other.weight - one.weight);
  return fitting[0]?.weight ?? 0;
}

/** @param {MediaRange} range */
function precision({ mediaType, parameters }) {
  return 2 - mediaType.split("*").length + 1 + parameters.size;
}

/** @param {MediaRange} asked @param {Offer} offer */
function fits({ mediaType, parameters }, { mediaType: offered, transferSyntax, isMultipart, isStored }) {
  const syntax = parameters.get("transfer-syntax") ?? "*";
  if (syntax !== "*" && syntax !== transferSyntax) return false;
  if (!isMultipart) return covers(mediaType, offered);
  const inner = parameters.get("type") ?? "*/*";
  // PS3.18 gives compressed frames types of their own; viewers that want them as stored still say octet-stream
  const isAny = isStored && parameters.get("transfer-syntax") === "*" && inner === OCTETS;
  return covers(mediaType, RELATED) && (isAny || covers(inner, offered));
}

/** @param {string} asked @param {string} offered */
function covers(asked, offered) {
  const [kind, subtype] = asked.split("/"), [offeredKind, offeredSubtype] = offered.split("/");
  return ["*", offeredKind].includes(kind) && ["*", offeredSubtype].includes(subtype);
}

/** @param {string} text @returns {MediaRange[]} */
function rangesOf(text) {
  const found = [];
  for (let at = 0; at < text.length; ) {
    const empty = matched(EMPTY, text, at);
    if (empty) {
      at = empty.end;
      continue;
    }
    const range = matched(RANGE, text, at);
    if (!range || (range.groups[1] === "*" && range.groups[2] !== "*")) throw bad();
    const { parameters, end } = parametersOf(text, range.end);
    const weight = parameters.get("q") ?? "1";
    parameters.delete("q");
    if (!WEIGHT.test(weight)) throw bad();
    found.push({ mediaType: `${range.groups[1]}/${range.groups[2]}`.toLowerCase(), parameters, weight: Number(weight) });
    at = end;
  }
  return found;
}

/** @param {string} text @param {number} at */
function parametersOf(text, at) {
  const parameters = new Map();
  for (let next; (next = matched(PARAMETER, text, at)); at = next.end) {
    const [, name, quoted, bare] = next.groups;
    const value = quoted === undefined ? bare : quoted.replace(/\\(.)/g, "$1");
    parameters.set(name.toLowerCase(), name.toLowerCase() === "type" ? value.toLowerCase() : value);
  }
  const end = matched(END, text, at);
  if (!end) throw bad();
  return { parameters, end: end.end };
}

/** @param {RegExp} form sticky @param {string} text @param {number} at */
function matched(form, text, at) {
  form.lastIndex = at;
  const groups = form.exec(text);
  return groups && { groups, end: form.lastIndex };
}

/** @param {Offer[]} offers */
function named(offers) {
  const forms = offers.map((each) => {
    const syntax = each.transferSyntax ? `; transfer-syntax=${each.transferSyntax}` : "";
    return each.isMultipart ? `${RELATED}; type="${each.mediaType}"${syntax}` : each.mediaType + syntax;
  });
  return [...new Set(forms)].join(", ");
}

function bad() {
  const sentence = "The Accept header, or accept in the query, is no list of media types (RFC 9110 section 12.5.1).";
  return new Refused(400, "bad_accept", sentence);
}
