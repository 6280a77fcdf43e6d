// @ts-check
/** In which forms stored instances and their frames can be given (PS3.18 section 8.7.3): as they are stored. */

/** @typedef {import("./accept.js").Offer} Offer */

export const DICOM = "application/dicom", OCTETS = "application/octet-stream";
export const EXPLICIT = "1.2.840.10008.1.2.1", BIG_ENDIAN = "1.2.840.10008.1.2.2";
export const RLE = "1.2.840.10008.1.2.5", JPEG_BASELINE = "1.2.840.10008.1.2.4.50";
const UNCOMPRESSED = new Set(["1.2.840.10008.1.2", EXPLICIT, BIG_ENDIAN, "1.2.840.10008.1.2.1.99"]);
const CODES = "1.2.840.10008.1.2.4.";
/** Tables 8.7.3-4 to 8.7.3-6, and what the standard has registered since; as viewer_api/wado/media_types.py. */
const STORED_AS = new Map([
  [RLE, "image/dicom-rle"],
  ...each("image/jpeg", "50", "51", "57", "70"),
  ...each("image/jls", "80", "81"),
  ...each("image/jp2", "90", "91"),
  ...each("image/jpx", "92", "93"),
  ...each("image/jphc", "201", "202", "203"),
  ...each("image/jxl", "110", "111", "112"),
  ...each("video/mpeg2", "100", "101"),
  ...each("video/mp4", "102", "103", "104", "105", "106"),
  ...each("video/H265", "107", "108"),
]);

/** Whether frames are samples, which octet-stream has in Explicit VR Little Endian. @param {string} syntax */
export function isUncompressed(syntax) {
  return UNCOMPRESSED.has(syntax);
}

/** @param {string} syntax @param {boolean} isAlone one may come without multipart @returns {Offer[]} */
export function frameOffers(syntax, isAlone) {
  const stored = isUncompressed(syntax)
    ? { mediaType: OCTETS, transferSyntax: EXPLICIT }
    : { mediaType: STORED_AS.get(syntax) ?? OCTETS, transferSyntax: syntax };
  return offers([stored], isAlone);
}

/** @param {string[]} syntaxes @param {boolean} isAlone @returns {Offer[]} */
export function instanceOffers(syntaxes, isAlone) {
  return offers([...new Set(syntaxes)].map((transferSyntax) => ({ mediaType: DICOM, transferSyntax })), isAlone);
}

/** Of a value. @param {boolean} isRanged a range is asked for, which a part that stands alone has @returns {Offer[]} */
export function valueOffers(isRanged) {
  const found = offers([{ mediaType: OCTETS, transferSyntax: EXPLICIT }], true);
  return isRanged ? found.reverse() : found;
}

/** @param {Offer[]} stored @param {boolean} isAlone */
function offers(stored, isAlone) {
  const multipart = stored.map((one) => ({ ...one, isMultipart: true, isStored: true }));
  return isAlone ? [...multipart, ...multipart.map((one) => ({ ...one, isMultipart: false }))] : multipart;
}

/** @param {string} mediaType @param {...string} codes @returns {[string, string][]} */
function each(mediaType, ...codes) {
  return codes.map((code) => [CODES + code, mediaType]);
}
