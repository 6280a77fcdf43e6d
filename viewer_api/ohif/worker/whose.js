// @ts-check
/**
 * Above OHIF in its page: whose record is open, and in which mode, for professionals. OHIF is run once that stands there,
 * and takes the room that is left.
 */

const BAR = "coffre-whose", HEIGHT = "--coffre-whose", PROGRAM = "ohif";
const NO_CONTENT = 204;
const UNKNOWN = [
  "On ne peut pas dire de qui est ce dossier : rien n'est montré. Reconnectez-vous, puis rechargez cette page.",
  "Whose record this is cannot be told: nothing is shown. Sign in again, then reload this page.",
];
// of OHIF 3.13 what is as tall as the window: its pages, and by a style of its own what is below a header of 52 pixels
const STYLE = `
body { padding-top: var(${HEIGHT}, 0px) !important; }
.h-screen { height: calc(100vh - var(${HEIGHT}, 0px)) !important; }
#root [style*="100vh"] { height: calc(100vh - 52px - var(${HEIGHT}, 0px)) !important; }
#${BAR} { position: fixed; z-index: 2147483646; inset: 0 0 auto; box-sizing: border-box; padding: .4rem 1rem;
  background: #fff; color: #1a1a1a; border-bottom: 2px solid #1a1a1a; font: 1rem/1.4 sans-serif; }
#${BAR} dl { display: flex; flex-wrap: wrap; gap: .1rem 1.5rem; margin: 0; }
#${BAR} dl div { display: flex; gap: .4rem; min-width: 0; overflow-wrap: anywhere; }
#${BAR} dt { color: #555; }
#${BAR} dd { margin: 0; font-weight: 600; }
#${BAR} p { margin: 0; font-weight: 600; }`;

/** @typedef {{language: string, label: string, rows: [string, string][]}} Whose */

placed("style", document.head).textContent = STYLE;
await shown();

async function shown() {
  const record = location.pathname.split("/")[2];
  try {
    const answer = await fetch(`/dossier/${record}/titulaire`, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error("refused");
    if (answer.status !== NO_CONTENT) told(await answer.json());
  } catch {
    unknown();
    return;
  }
  const program = /** @type {HTMLScriptElement} */ (placed("script", document.head));
  program.src = /** @type {HTMLLinkElement} */ (document.getElementById(PROGRAM)).href;
}

/** @param {Whose} whose */
function told(whose) {
  const bar = placed("section", document.body);
  bar.lang = whose.language;
  bar.setAttribute("aria-label", whose.label);
  const list = placed("dl", bar);
  for (const [name, value] of whose.rows) {
    const row = placed("div", list);
    placed("dt", row).textContent = name;
    placed("dd", row).textContent = value;
  }
  asBar(bar);
}

function unknown() {
  const isEnglish = navigator.language.startsWith("en");
  const bar = placed("section", document.body);
  bar.lang = isEnglish ? "en" : "fr";
  bar.setAttribute("role", "alert");
  placed("p", bar).textContent = UNKNOWN[isEnglish ? 1 : 0];
  asBar(bar);
}

/** First for whoever does not see it, above all for the others. @param {HTMLElement} bar */
function asBar(bar) {
  bar.id = BAR;
  document.body.prepend(bar);
  const fitted = () => document.documentElement.style.setProperty(HEIGHT, `${bar.offsetHeight}px`);
  new ResizeObserver(fitted).observe(bar);
  fitted();
}

/** @param {string} name @param {HTMLElement} inside @returns {HTMLElement} */
function placed(name, inside) {
  const made = document.createElement(name);
  inside.append(made);
  return made;
}
