// The certificate of a TLS client as a header field (RFC 9440): base64 of its DER between colons.
// nginx has it in PEM, whose lines between the first and the last are that base64. Nothing without a certificate
// that nginx has verified, so that no field is sent.
import crypto from "crypto";

function clientCert(request) {
  const pem = request.variables.ssl_client_raw_cert;
  if (!pem || request.variables.ssl_client_verify !== "SUCCESS") {
    return "";
  }
  const lines = pem.split("\n").filter((line) => line !== "" && !line.startsWith("-----"));
  return `:${lines.join("")}:`;
}

// Whose calls are counted together: a digest, so that no credential lies in the memory of the counters.
function credential(request) {
  const said = request.headersIn.Authorization || request.headersIn.Cookie;
  if (!said) {
    return request.variables.remote_addr;
  }
  return crypto.createHash("sha256").update(said).digest("base64");
}

export default { clientCert, credential };
