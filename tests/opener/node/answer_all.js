// @ts-check
/** Reads work as JSON from its input and prints the answers. */

import { json } from "node:stream/consumers";
import { answers, load } from "./answer.js";

const opener = await load(new URL("../../../viewer_api/opener/module", import.meta.url).href);
console.log(JSON.stringify(await answers(opener, /** @type {any[]} */ (await json(process.stdin)))));
