// JSON whose bytes are hashed: RFC 8785. ECMAScript writes numbers and text as that standard asks; names are
// sorted by their UTF-16 units, which is how ECMAScript sorts.

/**
 * @param {any} value made of JSON's own types
 * @returns {string}
 */
export function canonical(value) {
  if (typeof value === "string" && /[\ud800-\udfff]/u.test(value)) throw new RangeError("a lone surrogate");
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}

/**
 * The object that a canonical text says; null for any other text. A name that is there twice is not canonical.
 * @param {unknown} text
 * @returns {Record<string, any> | null}
 */
export function parseCanonical(text) {
  try {
    const value = JSON.parse(/** @type {string} */ (text));
    const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
    return isObject && canonical(value) === text ? value : null;
  } catch {
    return null;
  }
}
