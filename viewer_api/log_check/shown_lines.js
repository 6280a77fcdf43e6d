// What stands on the page beside what is proven: the page's words were written by the server, too.

const RPPS = "urn:oid:1.2.250.1.71.4.2.1";
const PARIS = new Intl.DateTimeFormat("fr-FR", {
  timeZone: "Europe/Paris",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

/**
 * Adds to the report whether every line on the page has its event, and shows its instant, person, structure
 * and result; and whether every event is on the page.
 * @param {Document} page
 * @param {import("./report.js").Report} report
 */
export function compareShown(page, report) {
  const lines = [...page.querySelectorAll("[data-seq]")].map((each) => /** @type {HTMLElement} */ (each));
  const events = new Map(report.lines.map(({ seq, event }) => [seq, event]));
  let same = 0;
  for (const line of lines) {
    const seq = Number(line.dataset.seq);
    if (report.unproven.has(seq)) continue;
    const event = events.get(seq);
    if (event !== undefined && shows(page, line, event)) same += 1;
    else lie(report, seq);
    events.delete(seq);
  }
  for (const seq of events.keys()) if (!report.unproven.has(seq)) lie(report, seq);
  if (same > 0) {
    const detail = { lines: same };
    report.findings.push({ about: "shown", state: "verified", code: "shown.verified", detail });
  }
}

/** @param {import("./report.js").Report} report @param {number} seq */
function lie(report, seq) {
  report.unproven.add(seq);
  report.findings.push({ about: "shown", state: "alarm", code: "shown.other", detail: { seq } });
}

/** @param {Document} page @param {HTMLElement} line @param {Record<string, any>} event */
function shows(page, line, event) {
  const row = /** @type {HTMLElement} */ (line.closest("tr"));
  const time = line.querySelector("time");
  const agent = event.agent?.[0] ?? {};
  const person = agent.who?.identifier;
  const numbers = [person?.system === RPPS && person.value, agent.location?.identifier?.value];
  return (
    time !== null &&
    time.getAttribute("datetime") === event.recorded &&
    hourOf(time.textContent) === hourOf(PARIS.format(new Date(event.recorded))) &&
    row.classList.contains(event.outcome === "0" ? "permit" : "deny") &&
    numbers.every((number) => !number || (row.textContent ?? "").includes(number)) &&
    dayOf(event, page.documentElement.lang).every((word) => (row.textContent ?? "").includes(word))
  );
}

/** Day, month and year in Paris, as words of a page. @param {Record<string, any>} event @param {string} language */
function dayOf(event, language) {
  const form = { timeZone: "Europe/Paris", day: "numeric", month: "long", year: "numeric" };
  const day = new Intl.DateTimeFormat(language, /** @type {any} */ (form));
  const parts = day.formatToParts(new Date(event.recorded));
  return parts.filter(({ type }) => type !== "literal").map(({ value }) => value);
}

/** 14 h 05, 14:05 and 1405 alike. @param {string | null} text */
function hourOf(text) {
  return Number((text ?? "").replace(/\D/g, ""));
}
