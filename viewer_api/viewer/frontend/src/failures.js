// A failure that a reader is told of: a code that never changes, which names a sentence of the page.

export class Failure extends Error {
  /** @param {string} code @param {unknown} [cause] */
  constructor(code, cause) {
    super(code, { cause });
    this.name = "Failure";
    this.code = code;
  }
}

/** The code of whatever was thrown: ours, the opener's, or the one given for what no one foresaw. */
export function codeOf(error, unforeseen) {
  const code = error?.code;
  return typeof code === "string" && /^[a-z][a-z0-9_]*$/.test(code) ? code : unforeseen;
}

export const isAbort = (error) => error?.name === "AbortError" || error?.code === "cancelled";
