// @ts-check
/** Opens what Coffre holds sealed, in the browser: docs/opener.md. */

export { OpenError } from "./errors.js";
export { RecipientKey } from "./recipient-key.js";
export { Opener } from "./opener.js";
export { OpenedGrant } from "./opened-grant.js";
export { OpenedSeries } from "./opened-series.js";

/** @typedef {import("./opener.js").OpenerOptions} OpenerOptions */
/** @typedef {import("./opener.js").GrantWanted} GrantWanted */
/** @typedef {import("./opener.js").FetchedNote} FetchedNote */
/** @typedef {import("./reader.js").ReadOptions} ReadOptions */
/** @typedef {import("./opened-series.js").Instance} Instance */
/** @typedef {import("./opened-series.js").Frame} Frame */
/** @typedef {import("./rendition.js").Rendition} Rendition */
