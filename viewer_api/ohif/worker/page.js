// @ts-check
/** Beside OHIF in its page: keeps the service worker awake while it is looked at, and says what it refused. */

const AWAKE_MS = 20_000; // browsers end a worker that has been idle for thirty seconds
const TRIES = "coffre-ohif-starts";
const MESSAGE = "coffre-message";

/** By status, French and English. @type {Readonly<Record<number, [string, string]>>} */
const SENTENCES = Object.freeze({
  401: [
    "Vous n'êtes plus connecté : les clés de ces images ont été effacées. Reconnectez-vous, puis rechargez cette page.",
    "You are not signed in any more: the keys of these images were erased. Sign in again, then reload this page.",
  ],
  403: [
    "Vous n'avez pas, ou plus, accès à ces images. Rien de plus ne sera montré.",
    "You have no access to these images, or not any more. Nothing more will be shown.",
  ],
  404: ["Cette image n'est pas, ou plus, dans ce dossier.", "This image is not in this record, or not any more."],
  502: [
    "Cette image a été altérée ou remplacée dans son stockage : elle n'est pas montrée. Prévenez l'hébergeur.",
    "This image was altered or replaced in its store: it is not shown. Tell the hosting team.",
  ],
});
const OTHERWISE = [
  "Cette image n'a pas pu être ouverte. Réessayez dans un instant.",
  "This image could not be opened. Try again in a moment.",
];

sessionStorage.removeItem(TRIES);
navigator.serviceWorker.addEventListener("message", ({ data }) => {
  if (data?.type === "refused") say(data.status);
});
let former = navigator.serviceWorker.controller;
navigator.serviceWorker.addEventListener("controllerchange", changed);
document.addEventListener("visibilitychange", stayAwake);
setInterval(stayAwake, AWAKE_MS);

function changed() {
  if (!navigator.serviceWorker.controller) former?.postMessage({ type: "forget" });
  former = navigator.serviceWorker.controller;
  stayAwake();
}

function stayAwake() {
  const { controller } = navigator.serviceWorker;
  // whoever signed out, in any tab, leaves nothing on the screen
  if (!controller) location.replace("/");
  else if (document.visibilityState === "visible") controller.postMessage({ type: "stay" });
}

/** @param {number} status */
function say(status) {
  const [french, english] = SENTENCES[status] ?? OTHERWISE;
  const isEnglish = navigator.language.startsWith("en");
  const place = document.getElementById(MESSAGE) ?? placed();
  place.lang = isEnglish ? "en" : "fr";
  const close = document.createElement("button");
  close.textContent = isEnglish ? "Close" : "Fermer";
  close.setAttribute("style", "margin-left:1rem;padding:.3rem 1rem;font:inherit;color:inherit;background:#fff;border:2px solid");
  close.addEventListener("click", () => place.remove());
  place.replaceChildren(isEnglish ? english : french, close);
}

function placed() {
  const place = document.createElement("p");
  place.id = MESSAGE;
  place.setAttribute("role", "alert");
  const style = "position:fixed;z-index:2147483647;left:1rem;right:1rem;bottom:1rem;margin:0;padding:1rem;"
    + "background:#fff;color:#7a0019;border:3px solid #7a0019;font:600 1.1rem/1.5 sans-serif";
  place.setAttribute("style", style);
  document.body.append(place);
  return place;
}
