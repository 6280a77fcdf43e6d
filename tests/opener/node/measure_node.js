// @ts-check
import { json } from "node:stream/consumers";
import { load } from "./answer.js";
import { measure } from "./measure.js";

const opener = await load(new URL("../../../viewer_api/opener/module", import.meta.url).href);
console.log(JSON.stringify(await measure(opener, /** @type {any} */ (await json(process.stdin)))));
