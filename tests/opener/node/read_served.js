// @ts-check
/** `node read_served.js '{"base": …, "record": …, "token": …}'`: prints what `served.js` reads. */

import * as opening from "../../../viewer_api/opener/module/index.js";
import { readEverything } from "./served.js";

console.log(JSON.stringify(await readEverything(opening, JSON.parse(process.argv[2]))));
