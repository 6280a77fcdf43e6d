// Palettes of an image (PS3.3 section C.7.9): inline in the series metadata, or a part of the instance.
import { numbers } from "./attributes.js";
import { Failure } from "./failures.js";

const CHANNELS = ["1", "2", "3"];

/**
 * The three palettes as numbers beside their descriptors, as the decoder wants them.
 * @param {(element: object) => Promise<Uint8Array>} bytesOf reads a value, wherever its bytes are
 */
export async function withPalettes(attributes, bytesOf) {
  const made = { ...attributes };
  for (const channel of CHANNELS) {
    if (attributes[`0028122${channel}`]) throw new Failure("pixel_format_unknown"); // segmented (section C.7.9.2)
    const descriptor = numbers(attributes, `0028110${channel}`);
    const element = attributes[`0028120${channel}`];
    if (descriptor.length !== 3 || !element) throw new Failure("palette_missing");
    const entries = element.Value ?? entriesOf(await bytesOf(element), descriptor);
    made[`0028120${channel}`] = { vr: "US", Value: Array.from(entries, Number) };
  }
  return made;
}

/** Entries of eight bits, two to a word, or of sixteen, little endian. @throws {Failure} `missing` where there are fewer than the descriptor says */
export function entriesOf(bytes, [count, , bits], missing = "palette_missing") {
  const entries = count || 2 ** 16;
  const isPacked = bits === 8 && bytes.length < entries * 2;
  if (bytes.length < entries * (isPacked ? 1 : 2)) throw new Failure(missing);
  if (isPacked) return bytes.subarray(0, entries);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: entries }, (_, at) => view.getUint16(at * 2, true));
}
