// Reads samples as JSON, {samples (base64), columns, rows, bits, isSigned}, and prints their HTJ2K codestream, lossless, as base64.
import { createRequire } from "node:module";
import { json } from "node:stream/consumers";

const require = createRequire(new URL("../../viewer_api/viewer/frontend/package.json", import.meta.url));
const { HTJ2KEncoder } = await require("@cornerstonejs/codec-openjph")();
const { samples, columns, rows, bits, isSigned } = await json(process.stdin);
const encoder = new HTJ2KEncoder();
const form = { width: columns, height: rows, bitsPerSample: bits, componentCount: 1, isSigned, isUsingColorTransform: false };
encoder.getDecodedBuffer(form).set(Buffer.from(samples, "base64"));
encoder.setQuality(true, 0);
encoder.encode();
console.log(Buffer.from(encoder.getEncodedBuffer()).toString("base64"));
