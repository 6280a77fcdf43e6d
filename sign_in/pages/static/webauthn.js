// WebAuthn in the browser (Level 2, section 5.1): bytes are base64url in JSON, and buffers for the browser.

export const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

export const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const PARTS = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];

export function answer(credential) {
  const given = PARTS.filter((part) => credential.response[part]);
  const response = Object.fromEntries(given.map((part) => [part, text(credential.response[part])]));
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
}
