// The viewer page: opens in this browser what the page names, a study or a PDF.
import "./viewer.css";
import { checkAbility } from "./ability.js";
import { Failure } from "./failures.js";
import { Journal } from "./journal.js";
import { clear, tell } from "./messages.js";
import { page, part, say, show } from "./page.js";
import { whenSignedOut } from "./signed_out.js";

const journal = new Journal();
const views = { study: () => import("./study.js"), pdf: () => import("./pdf_view.js") };
/** @type {{end(): void}|null} */
let shown = null;

async function start() {
  clear();
  shown?.end();
  shown = null;
  part("state").textContent = say("state.opening");
  show(part("state"));
  try {
    await checkAbility();
    // the view loads while the grant is asked for
    const [view, opened] = await Promise.all([views[page.kind](), opening()]);
    shown = await view.open(opened, start);
  } catch (error) {
    tell(error, { unforeseen: "viewer_failed", retry: start });
  } finally {
    show(part("state"), false);
  }
}

/** A grant for a key that this page alone has, which is forgotten with it. */
async function opening() {
  const { Opener, RecipientKey } = await import(/* @vite-ignore */ page.opener).catch((error) => {
    throw new Failure("opener_missing", error);
  });
  const key = await RecipientKey.create();
  const opener = new Opener({ base: location.origin, key, credentials: "same-origin", worker: true, onFetched: journal.note });
  const { record, document, purpose, reason } = page;
  const grant = await opener.grant({ record, documents: [document], purpose, reason: reason ?? undefined });
  return { grant, close: () => opener.signOut() };
}

addEventListener("pagehide", () => shown?.end());
whenSignedOut(() => {
  shown?.end();
  location.replace("/");
});
start();
