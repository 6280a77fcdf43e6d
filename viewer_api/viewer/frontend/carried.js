// What the built folder carries beside its scripts: fonts and tables of pdf.js, licences, gzipped copies.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const MODULES = new URL("./node_modules/", import.meta.url).pathname;
const PDF_FOLDERS = ["cmaps", "standard_fonts", "wasm", "iccs"];
const NEVER_FETCHED = /jpegxl|nowasm_fallback/; // a syntax that the page refuses, and browsers that it refuses
const GZIPPED = /\.(m?js|css|wasm|json)$/;
const SMALLEST_GZIPPED = 1024;

/** A folder whose name changes with the files in it: `virtual:<name>` exports its address. */
function folder(name, files) {
  const digest = createHash("sha256");
  for (const [file, content] of files) digest.update(file).update(content);
  const place = `${name}-${digest.digest("hex").slice(0, 12)}`;
  const id = `virtual:${name}`;
  return {
    name,
    resolveId: (asked) => (asked === id ? `\0${id}` : null),
    load: (asked) => (asked === `\0${id}` ? `export default "/viewer/${place}/";` : null),
    generateBundle() {
      for (const [file, source] of files) this.emitFile({ type: "asset", fileName: `${place}/${file}`, source });
    },
  };
}

export function pdfFiles() {
  const files = PDF_FOLDERS.flatMap((name) => {
    const at = join(MODULES, "pdfjs-dist", name);
    return readdirSync(at).filter((file) => !NEVER_FETCHED.test(file)).map((file) => [`${name}/${file}`, readFileSync(join(at, file))]);
  });
  return folder("pdf", files);
}

/** licences.txt: name, version and licence of every package whose code is in the folder. */
export function licences(fileName = "licences.txt") {
  const found = new Set(["pdfjs-dist"]);
  return {
    name: "licences",
    moduleParsed({ id }) {
      const inside = id.split("/node_modules/").pop().match(/^(@[^/]+\/[^/]+|[^/@\0][^/]*)\//);
      if (id.includes("/node_modules/") && inside) found.add(inside[1]);
    },
    generateBundle() {
      const source = [...found].sort().map(licence).join(`\n${"-".repeat(78)}\n`);
      this.emitFile({ type: "asset", fileName, source });
    },
  };
}

function licence(name) {
  const at = join(MODULES, name);
  const { version, license } = JSON.parse(readFileSync(join(at, "package.json")));
  const file = readdirSync(at).find((each) => /^(licen[cs]e|copying)/i.test(each));
  return `${name} ${version}: ${license}\n\n${file ? readFileSync(join(at, file), "utf8") : ""}`;
}

/** Leaves out codecs that are never asked for. */
export function withoutUnused() {
  return {
    name: "without-unused",
    generateBundle(_, bundle) {
      for (const file of Object.keys(bundle)) if (NEVER_FETCHED.test(file)) delete bundle[file];
    },
  };
}

/** Beside each script a copy for browsers that take gzip: nothing is compressed at each request. */
export function gzipped() {
  return {
    name: "gzipped",
    writeBundle({ dir }) {
      for (const file of readdirSync(dir, { recursive: true })) {
        const at = join(dir, file);
        if (!GZIPPED.test(file) || !existsSync(at)) continue;
        const content = readFileSync(at);
        if (content.length >= SMALLEST_GZIPPED) writeFileSync(`${at}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}
