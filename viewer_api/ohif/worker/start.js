// @ts-check
/** Starts OHIF's service worker, then comes again: the worker answers with OHIF's page. */

const TRIES = "coffre-ohif-starts", MOST_TRIES = 2;
const starting = /** @type {HTMLElement} */ (document.getElementById("starting"));
const { worker = "", folder = "" } = starting.dataset;

try {
  if (!(await canOpen())) show("too_old");
  else if (Number(sessionStorage.getItem(TRIES)) >= MOST_TRIES) failed();
  else await started();
} catch {
  failed();
}

/** Whether this browser has what opening sealed content takes. */
async function canOpen() {
  if (!("serviceWorker" in navigator) || !crypto.subtle) return false;
  try {
    await crypto.subtle.generateKey({ name: "X25519" }, false, ["deriveBits"]);
    return true;
  } catch {
    return false;
  }
}

async function started() {
  const { serviceWorker } = navigator;
  const registration = await serviceWorker.register(worker, { scope: folder, type: "module", updateViaCache: "none" });
  const found = registration.active ?? registration.waiting ?? registration.installing;
  if (found) await activated(found);
  // a page that comes back here has a browser that passes the worker by
  sessionStorage.setItem(TRIES, String(Number(sessionStorage.getItem(TRIES)) + 1));
  location.reload();
}

/** @param {ServiceWorker} found @returns {Promise<void>} */
function activated(found) {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (found.state === "activated") resolve();
      if (found.state === "redundant") reject(new Error("not installed"));
    };
    found.addEventListener("statechange", look);
    look();
  });
}

function failed() {
  sessionStorage.removeItem(TRIES);
  show("failed");
}

/** What is wrong, and what can be done otherwise. @param {string} id */
function show(id) {
  starting.hidden = true;
  for (const each of [id, "otherwise"]) /** @type {HTMLElement} */ (document.getElementById(each)).hidden = false;
}
