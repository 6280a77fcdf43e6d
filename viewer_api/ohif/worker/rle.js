// @ts-check
/** RLE Lossless (PS3.5 annex G): PackBits by planes of bytes, the most significant one first. */

const SEGMENTS = 15, HEADER = 64;

/**
 * The samples of a frame, plane after plane, little endian; what a segment lacks stays zero.
 * @param {Uint8Array} bytes
 * @param {{pixels: number, planes: number, bytes: number}} shape pixels of a plane, samples of a pixel, bytes of a sample
 */
export function rleSamples(bytes, shape) {
  const out = new Uint8Array(shape.pixels * shape.planes * shape.bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = bytes.length >= HEADER ? view.getUint32(0, true) : 0;
  if (count !== shape.planes * shape.bytes || count > SEGMENTS) return new Uint8Array(0);
  for (let segment = 0; segment < count; segment++) {
    const start = view.getUint32(4 * (segment + 1), true);
    const stop = segment + 1 < count ? view.getUint32(4 * (segment + 2), true) : bytes.length;
    const plane = Math.floor(segment / shape.bytes), byte = shape.bytes - 1 - (segment % shape.bytes);
    unpack(bytes.subarray(start, stop), out, plane * shape.pixels * shape.bytes + byte, shape);
  }
  return out;
}

/** @param {Uint8Array} packed @param {Uint8Array} out @param {number} at @param {{pixels: number, bytes: number}} shape */
function unpack(packed, out, at, { pixels, bytes }) {
  const end = at + pixels * bytes;
  for (let from = 0; from < packed.length && at < end; ) {
    const code = packed[from++];
    const isRun = code > 128, length = code === 128 ? 0 : isRun ? 257 - code : code + 1;
    for (let each = 0; each < length && at < end; each++, at += bytes) out[at] = packed[isRun ? from : from + each];
    from += isRun ? 1 : length;
  }
}
