// @ts-check
/** Reads `{name, told}` as JSON from its input and prints what came of that behaviour. */

import { json } from "node:stream/consumers";
import { load } from "./answer.js";
import { BEHAVIOUR } from "./behave.js";

const opener = await load(new URL("../../../viewer_api/opener/module", import.meta.url).href);
const { name, told } = /** @type {any} */ (await json(process.stdin));
console.log(JSON.stringify(await /** @type {any} */ (BEHAVIOUR)[name](opener, told)));
