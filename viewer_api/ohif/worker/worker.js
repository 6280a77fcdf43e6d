// @ts-check
/**
 * OHIF's service worker: answers its DICOMweb requests inside the browser, from grants and ranges of ciphertext.
 *
 * Its scope is OHIF's folder below one record, so it sees that record's requests alone. Searches go to the reader, which
 * knows what studies are and not what they hold. Nothing is kept beyond this worker's memory.
 */

import { LEAVING_MS, OpenedStudies } from "./opened-studies.js";
import { Pictures } from "./pictures.js";
import { answerTo, problemOf, Refused } from "./problems.js";
import { resourceOf } from "./resources.js";
import { Retrieval } from "./retrieval.js";

/** @typedef {import("./resources.js").Resource} Resource */

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (globalThis));
const folder = new URL(worker.registration.scope).pathname; // /records/{record}/ohif/
const record = decodeURIComponent(folder.split("/")[2]);
const root = `${folder.slice(0, -"/ohif/".length)}/dicomweb`;
const studies = new OpenedStudies(record);
const READING = new Set(["GET", "HEAD"]);

worker.addEventListener("install", (event) => event.waitUntil(worker.skipWaiting()));
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
// sign-out takes the registration away (Clear-Site-Data) and the browser ends the worker when it likes: the keys go now
worker.serviceWorker?.addEventListener("statechange", () => {
  if (worker.serviceWorker.state !== "redundant") return;
  if (isReplaced()) setTimeout(() => studies.forget(), LEAVING_MS);
  else studies.forget();
});
worker.addEventListener("message", ({ data }) => {
  if (data?.type === "forget") studies.forget(); // another message keeps the worker awake
});
worker.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (url.origin !== location.origin || !READING.has(request.method)) return;
  if (request.mode === "navigate") {
    if (url.pathname.startsWith(folder)) event.respondWith(fetch(`${folder}index.html`, { cache: "no-cache" }));
    return;
  }
  if (!url.pathname.startsWith(`${root}/`)) return;
  const resource = resourceOf(url.pathname.slice(root.length));
  event.respondWith(resource === null ? searched(request) : retrieved(request, resource));
});

/** By a newer version, to which a page's next requests go; those under way end here. */
function isReplaced() {
  const { active } = worker.registration;
  return active !== null && active !== worker.serviceWorker;
}

/** @param {Request} request */
async function searched(request) {
  const answer = await fetch(request);
  if (answer.status === 401) studies.forget();
  return answer;
}

/** @param {Request} request @param {Resource} resource */
async function retrieved(request, resource) {
  try {
    if (resource.kind === "unknown") throw new Refused(404, "not_found", "There is nothing at this address.");
    const authorization = request.headers.get("authorization") ?? "";
    const isList = resource.kind === "metadata" && !resource.sop;
    const answer = await studies.use(authorization, resource.study, (study) => answered(study, request, resource), { isList });
    if (request.method !== "HEAD") return answer;
    await answer.body?.cancel();
    return new Response(null, answer);
  } catch (error) {
    if (request.signal.aborted) return Response.error();
    return refused(error);
  }
}

/** @param {import("./opened-studies.js").OpenedStudy} study @param {Request} request @param {Resource} resource */
function answered(study, request, resource) {
  const address = `${location.origin}${root}`;
  switch (resource.kind) {
    case "rendered":
    case "thumbnail":
      return new Pictures(study, request)[resource.kind](resource);
    case "unknown":
      throw new Refused(404, "not_found", "There is nothing at this address.");
    default:
      return new Retrieval(study, request, address)[resource.kind](resource);
  }
}

/** Whoever looks at an empty viewport is told why. @param {unknown} error */
async function refused(error) {
  const problem = problemOf(error);
  if (problem.status === 401) studies.forget();
  for (const client of await worker.clients.matchAll({ type: "window" })) client.postMessage({ type: "refused", ...problem });
  return answerTo(problem);
}
