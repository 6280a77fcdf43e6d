// Forms that a passkey fills in (WebAuthn Level 2, section 5.1): `data-passkey` has what the browser needs, as
// JSON with bytes in base64url; its answer goes into the field `answer`, and the form is sent like any other.

import { answer, bytes } from "./webauthn.js";

const named = (credentials) => (credentials ?? []).map((each) => ({ ...each, id: bytes(each.id) }));

const asked = (options) => ({ ...options, challenge: bytes(options.challenge) });

function made(options) {
  const user = { ...options.user, id: bytes(options.user.id) };
  const excludeCredentials = named(options.excludeCredentials);
  return navigator.credentials.create({ publicKey: { ...asked(options), user, excludeCredentials } });
}

function used(options) {
  const allowCredentials = named(options.allowCredentials);
  return navigator.credentials.get({ publicKey: { ...asked(options), allowCredentials } });
}

async function fill(form) {
  const options = JSON.parse(form.dataset.passkey);
  const failed = form.querySelector("[data-failed]");
  const button = form.querySelector("button");
  failed.hidden = true;
  button.disabled = true;
  try {
    form.elements.answer.value = JSON.stringify(answer(await (options.user ? made(options) : used(options))));
    form.submit();
  } catch {
    failed.textContent = failed.dataset.failed;
    failed.hidden = false;
    button.disabled = false;
    button.focus();
  }
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      fill(form);
    });
  }
}
