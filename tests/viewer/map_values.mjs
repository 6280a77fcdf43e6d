// Reads images as JSON, a list of {attributes, values, bytes}, and prints what the viewer's tables make of each.
import { json } from "node:stream/consumers";
import { lookupTables } from "../../viewer_api/viewer/frontend/src/lookup_tables.js";

async function shown({ attributes, values, bytes = {} }) {
  try {
    const bytesOf = async (element) =>
      Uint8Array.from(Buffer.from(element.InlineBinary ?? bytes[element.BulkDataURI], "base64"));
    const tables = await lookupTables(attributes, bytesOf);
    return tables && { values: Array.from(tables.of(values)), window: tables.window };
  } catch (error) {
    return { code: error.code ?? String(error) };
  }
}

console.log(JSON.stringify(await Promise.all((await json(process.stdin)).map(shown))));
