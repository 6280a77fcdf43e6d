// @ts-check
/** Reads where a Coffre is as JSON from its input and prints what `served.js` reads there. */

import { json } from "node:stream/consumers";
import * as opening from "../../../viewer_api/opener/module/index.js";
import { readEverything } from "./served.js";

console.log(JSON.stringify(await readEverything(opening, /** @type {any} */ (await json(process.stdin)))));
