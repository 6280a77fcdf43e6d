// node log_vectors_in_node.mjs FOLDER FILE: the modules of FOLDER on the vectors of FILE, as JSON.

import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

import { MODULES, compare } from "./log_vectors.mjs";

const [folder, file] = process.argv.slice(2);
const loaded = MODULES.map(async (name) => [name, await import(pathToFileURL(`${folder}/${name}.js`).href)]);
const modules = Object.fromEntries(await Promise.all(loaded));
console.log(JSON.stringify(await compare(JSON.parse(await readFile(file, "utf8")), modules)));
