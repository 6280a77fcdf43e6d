// @ts-check
/** Opens what Coffre holds sealed, in the browser: docs/opener.md. */

export { OpenError } from "./errors.js";
export { RecipientKey } from "./recipient-key.js";
export { Opener } from "./opener.js";
export { OpenedGrant } from "./opened-grant.js";
export { OpenedSeries } from "./opened-series.js";
