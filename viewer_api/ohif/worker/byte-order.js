// @ts-check
/** Values in the order of bytes that application/octet-stream has (PS3.18 section 8.7.3): little endian. */

/** Bytes of one number of a value (PS3.5 section 6.2). @type {Readonly<Record<string, number>>} */
const WIDTHS = Object.freeze({
  OW: 2, US: 2, SS: 2, AT: 2, OL: 4, OF: 4, UL: 4, SL: 4, FL: 4, OD: 8, OV: 8, FD: 8, UV: 8, SV: 8,
});

/** @param {string} vr */
export function widthOf(vr) {
  return WIDTHS[vr] ?? 1;
}

/** The same numbers in the other order of bytes. @param {Uint8Array} bytes @param {number} width in bytes */
export function swapped(bytes, width) {
  if (width < 2) return bytes;
  const out = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at++) out[at] = bytes[at - (at % width) + width - 1 - (at % width)] ?? 0;
  return out;
}
