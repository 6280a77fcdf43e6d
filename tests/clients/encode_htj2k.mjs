// Reads samples as JSON, {samples (base64), columns, rows, bits, isSigned, isLossless, byResolution}, and prints their
// HTJ2K codestream as base64. `byResolution`: in the order RPCL, each resolution named by a TLM marker, as syntax .202 has it.
import { createRequire } from "node:module";
import { json } from "node:stream/consumers";

const STEP = 0.0002;
const RPCL = 2;
const require = createRequire(new URL("../../viewer_api/viewer/frontend/package.json", import.meta.url));
const { HTJ2KEncoder } = await require("@cornerstonejs/codec-openjph")();
const { samples, columns, rows, bits, isSigned, isLossless, byResolution } = await json(process.stdin);
const encoder = new HTJ2KEncoder();
const form = { width: columns, height: rows, bitsPerSample: bits, componentCount: 1, isSigned, isUsingColorTransform: false };
encoder.getDecodedBuffer(form).set(Buffer.from(samples, "base64"));
encoder.setQuality(isLossless, isLossless ? 0 : STEP);
if (byResolution) {
  encoder.setProgressionOrder(RPCL);
  encoder.setTLMMarker(true);
}
encoder.encode();
console.log(Buffer.from(encoder.getEncodedBuffer()).toString("base64"));
