// @ts-check
/** HPKE of the opener beside @hpke/core: what that one seals opens here, and nothing that was altered does. */

import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { RecipientKey } from "../../../viewer_api/opener/module/recipient-key.js";

const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
const key = await RecipientKey.create();
const recipientPublicKey = await suite.kem.deserializePublicKey(key.raw.buffer);
let opened = 0, refused = 0;
for (const size of [0, 1, 72, 5000]) {
  const info = crypto.getRandomValues(new Uint8Array(size % 97)), message = crypto.getRandomValues(new Uint8Array(size));
  const { enc, ct } = await suite.seal({ recipientPublicKey, info: info.buffer }, message.buffer);
  const sealed = new Uint8Array([...new Uint8Array(enc), ...new Uint8Array(ct)]);
  if (String(await key.open(sealed, info)) === String(message)) opened++;
  for (const at of [0, 31, 32, sealed.length - 1]) {
    const altered = sealed.slice();
    altered[at] ^= 1;
    await key.open(altered, info).catch(() => refused++);
  }
  await key.open(sealed, new Uint8Array([...info, 0])).catch(() => refused++);
}
console.log(JSON.stringify({ opened, refused }));
