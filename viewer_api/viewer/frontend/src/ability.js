// Whether this browser can open what is sealed: WebCrypto with X25519, and the inflater of the platform.
import { Failure } from "./failures.js";

/** Resolves, or throws a `Failure` that says what is missing. */
export async function checkAbility() {
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle) throw new Failure("not_secure");
  if (typeof DecompressionStream !== "function" || typeof WebAssembly !== "object") throw new Failure("browser_too_old");
  try {
    await crypto.subtle.generateKey({ name: "X25519" }, false, ["deriveBits"]);
  } catch (error) {
    throw new Failure("no_x25519", error);
  }
}
