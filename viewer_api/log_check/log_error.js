/** What was looked at and does not hold. `code` names the fault, `detail` the numbers that its sentence needs. */
export class LogError extends Error {
  /**
   * @param {string} code
   * @param {Record<string, string | number>} [detail]
   */
  constructor(code, detail = {}) {
    super(code);
    this.name = "LogError";
    this.code = code;
    this.detail = detail;
  }
}
