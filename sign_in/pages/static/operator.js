// An operator's hardware key: made here, and asked here to sign a token that a command has prepared. Nothing of
// it is sent anywhere: the operator carries the text from this page to the command (docs/adr/0039).

import { answer, bytes, text } from "./webauthn.js";

const LABEL = "coffre-hardware-token-v1\0";
const ASKED = /^#([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

const of = (id) => document.getElementById(id);

function shown(form, value) {
  const output = form.querySelector("textarea");
  output.value = value;
  form.querySelector("[data-result]").hidden = false;
  output.focus();
  output.select();
}

function offered(form, act) {
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const failed = form.querySelector("[data-failed]");
    failed.hidden = true;
    try {
      shown(form, await act(form));
    } catch {
      failed.textContent = failed.dataset.failed;
      failed.hidden = false;
    }
  });
}

async function made(form) {
  const name = form.elements.name.value.trim();
  const credential = await navigator.credentials.create({
    publicKey: {
      challenge: crypto.getRandomValues(new Uint8Array(32)),
      rp: { name: "Coffre" },
      user: { id: crypto.getRandomValues(new Uint8Array(32)), name, displayName: name },
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
      authenticatorSelection: {
        authenticatorAttachment: "cross-platform",
        residentKey: "required",
        requireResidentKey: true,
        userVerification: "required",
      },
      attestation: "none",
    },
  });
  return JSON.stringify(answer(credential));
}

async function signed(told) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(LABEL + told));
  const credential = await navigator.credentials.get({
    publicKey: { challenge: digest, userVerification: "required" },
  });
  const { authenticatorData, clientDataJSON, signature } = credential.response;
  return [told, ...[authenticatorData, clientDataJSON, signature].map(text)].join(".");
}

function wanted() {
  const found = ASKED.exec(location.hash);
  if (found === null) return;
  const claims = JSON.parse(new TextDecoder().decode(bytes(found[2])));
  of("who").textContent = `${claims.sub} (${claims.aud}, ${new Date(claims.exp * 1000).toLocaleTimeString()})`;
  offered(of("token"), () => signed(location.hash.slice(1)));
}

if (window.PublicKeyCredential) {
  wanted();
  offered(of("making"), made);
}
