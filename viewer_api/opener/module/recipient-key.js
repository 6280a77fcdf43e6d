// @ts-check
/** The recipient's X25519 key: made here, never readable by script, gone when it is forgotten. */

import { b64, concat } from "./bytes.js";
import { OpenError } from "./errors.js";
import { openBase } from "./hpke.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */

export class RecipientKey {
  /** @type {CryptoKey | null} */
  #secret;
  #publicRaw;

  /**
   * Use `RecipientKey.create()`.
   * @param {CryptoKey} secret
   * @param {Bytes} publicRaw 32 bytes
   */
  constructor(secret, publicRaw) {
    this.#secret = secret;
    this.#publicRaw = publicRaw;
  }

  /**
   * A new pair for one page or session. Raises "browser_too_old" or "insecure_page".
   * @returns {Promise<RecipientKey>}
   */
  static async create() {
    checkBrowser();
    let pair;
    try {
      pair = await crypto.subtle.generateKey({ name: "X25519" }, false, ["deriveBits"]);
    } catch (error) {
      // NotSupportedError, and SyntaxError of browsers that do not know the name
      throw new OpenError("browser_too_old");
    }
    const { privateKey, publicKey } = /** @type {CryptoKeyPair} */ (pair);
    return new RecipientKey(privateKey, new Uint8Array(await crypto.subtle.exportKey("raw", publicKey)));
  }

  /**
   * A pair from its raw bytes, for tests of the formats.
   * @param {Bytes} secret 32 bytes
   * @param {Bytes} publicRaw 32 bytes
   */
  static async from(secret, publicRaw) {
    const wrapped = concat(PKCS8_X25519, secret);
    const key = await crypto.subtle.importKey("pkcs8", wrapped, { name: "X25519" }, false, ["deriveBits"]);
    return new RecipientKey(key, publicRaw);
  }

  /** Base64url of the 32 public bytes, as a grant is asked for. */
  get public() {
    return b64(this.#publicRaw);
  }

  /** The 32 public bytes. */
  get raw() {
    return this.#publicRaw.slice();
  }

  get isForgotten() {
    return this.#secret === null;
  }

  /** Lets go of the private key: no grant opens with it any more. */
  forget() {
    this.#secret = null;
  }

  /**
   * Opens what was sealed to this key by HPKE base mode. Raises "key_forgotten", or rejects.
   * @param {Bytes} sealed `enc(32) || ciphertext`
   * @param {Bytes} info
   * @returns {Promise<Bytes>}
   */
  async open(sealed, info) {
    if (this.#secret === null) throw new OpenError("key_forgotten");
    return openBase(this.#secret, this.#publicRaw, sealed, info);
  }
}

/** PrivateKeyInfo around 32 bytes (RFC 8410 section 7). */
const PKCS8_X25519 = new Uint8Array([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20,
]);

/** WebCrypto is there on pages over HTTPS and of the machine itself (Secure Contexts). */
function checkBrowser() {
  if (globalThis.crypto?.subtle) return;
  throw new OpenError(globalThis.isSecureContext === false ? "insecure_page" : "browser_too_old");
}
