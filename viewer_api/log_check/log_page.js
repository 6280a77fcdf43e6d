// The page « Qui a consulté mes documents » checks itself. Without this program it shows the same lines.

import { KeptState } from "./kept_state.js";
import { checkLog } from "./log_check.js";
import { compareShown } from "./shown_lines.js";

const AGAIN_MS = 2_000;
const MOST_ROUNDS = 5;
const EXPECTED = ["growth.first_visit", "chain.in_part"]; // what cannot be checked however often
const FINDINGS_IN_ORDER = ["signature", "growth", "inclusion", "event", "shown", "chain", "seen"];

const { texts, ...claim } = JSON.parse(textOf("log-evidence"));
const kept = new KeptState(window.localStorage);

/** @type {import("./tree_check.js").Server} */
const server = {
  keys: async () => {
    const { keys } = await ask("/audit/keys");
    return keys.filter((/** @type {any} */ key) => key.use === "checkpoint").map((/** @type {any} */ key) => key.public);
  },
  proofs: (leaves) => ask("/audit/proofs", { leaves }),
  consistency: async (old, size) => (await ask(`/audit/consistency/${old}/${size}`)).hashes,
};

/** @param {string} path @param {object} [body] @returns {Promise<any>} */
async function ask(path, body) {
  const sent = body && { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const answer = await fetch(path, { cache: "no-store", credentials: "omit", redirect: "error", ...sent });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

/** @param {string} id */
function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} id */
function textOf(id) {
  return element(id).textContent ?? "";
}

/** @param {string} code @param {Record<string, string | number>} [detail] @returns {string} */
function say(code, detail = {}) {
  const key = `${code}.one` in texts ? `${code}.${detail.lines === 1 ? "one" : "many"}` : code;
  return (texts[key] ?? texts.other).replace(/\{(\w+)\}/g, (/** @type {string} */ _, /** @type {string} */ name) =>
    typeof detail[name] === "number" ? new Intl.NumberFormat(document.documentElement.lang).format(detail[name]) : `${detail[name]}`,
  );
}

/** @param {import("./report.js").Report} report @param {boolean} isLast */
function draw(report, isLast) {
  const states = new Set(report.findings.map(({ state }) => state));
  const isLacking = report.findings.some(({ state, code }) => state === "unverified" && !EXPECTED.includes(code));
  const verdict = states.has("alarm") ? "alarm" : isLacking ? (isLast ? "in_part" : "again") : "sound";
  const section = element("log-check");
  section.dataset.verdict = verdict;
  section.classList.toggle("serious", verdict === "alarm");
  element("log-check-verdict").textContent = say(`verdict.${verdict}`);
  element("log-check-findings").replaceChildren(...report.findings.sort(inOrder).map(item));
  if (verdict === "alarm") element("log-check-details").setAttribute("open", "");
  markLines(report);
  offer("log-check-proofs", report.proofs, "text/plain;charset=utf-8");
  offer("log-check-contradiction", report.contradiction.join("\n"), "text/plain;charset=utf-8");
  element("log-check-restart").hidden = report.contradiction.length === 0;
}

/** @param {import("./report.js").Finding} one @param {import("./report.js").Finding} other */
function inOrder(one, other) {
  return FINDINGS_IN_ORDER.indexOf(one.about) - FINDINGS_IN_ORDER.indexOf(other.about);
}

/** @param {import("./report.js").Finding} finding */
function item({ state, code, detail }) {
  const [line, word] = [document.createElement("li"), document.createElement("strong")];
  line.dataset.finding = code;
  line.className = state;
  word.textContent = say(`state.${state}`);
  line.append(word, ` ${say(code, detail)}`);
  return line;
}

/** @param {import("./report.js").Report} report */
function markLines({ unproven, waiting }) {
  for (const mark of document.querySelectorAll(".log .mark")) mark.remove();
  for (const line of document.querySelectorAll("[data-seq]")) {
    const seq = Number(/** @type {HTMLElement} */ (line).dataset.seq);
    const code = unproven.has(seq) ? "line.unproven" : waiting.has(seq) ? "line.waiting" : null;
    if (code === null) continue;
    const mark = document.createElement("p");
    mark.className = `mark ${unproven.has(seq) ? "alarm" : "unverified"}`;
    mark.textContent = say(code);
    (line.querySelector(".what") ?? line).append(mark);
  }
}

/** @param {string} id of a link @param {string} text @param {string} type */
function offer(id, text, type) {
  const link = /** @type {HTMLAnchorElement} */ (element(id));
  if (link.href) URL.revokeObjectURL(link.href);
  if (text) link.href = URL.createObjectURL(new Blob([text], { type }));
  else link.removeAttribute("href");
  /** @type {HTMLElement} */ (link.parentElement).hidden = !text;
}

async function check() {
  const section = element("log-check");
  section.hidden = false;
  for (let round = 1; ; round += 1) {
    const report = await checkLog(claim, server, kept);
    compareShown(document, report);
    const rolledBack = report.findings.some(({ code }) => code === "growth.rollback");
    const isUnfinished = report.waiting.size > 0 || report.findings.some(({ code }) => code.endsWith(".no_answer"));
    const isLast = round >= MOST_ROUNDS || !(isUnfinished || (rolledBack && round < 3));
    // a copy of the database may be a moment behind: an older tree counts once it stays older
    if (!rolledBack || isLast) draw(report, isLast);
    if (isLast) return;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

element("log-check-restart-button").addEventListener("click", () => {
  kept.forgetLog();
  window.location.reload();
});

check().catch(() => {
  element("log-check").dataset.verdict = "impossible";
  element("log-check-verdict").textContent = say("verdict.impossible");
});
