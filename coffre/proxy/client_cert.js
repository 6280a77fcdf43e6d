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
    return network(request);
  }
  return crypto.createHash("sha256").update(said).digest("base64");
}

// Whose address it is: an IPv4 address, or the /64 that one subscriber has of IPv6, within which he takes another
// address for each request.
function network(request) {
  const address = request.variables.remote_addr;
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address);
  if (mapped) {
    return mapped[1];
  }
  if (!address.includes(":")) {
    return address;
  }
  const sides = address.split("::");
  const groups = sides[0] ? sides[0].split(":") : [];
  const last = sides[1] ? sides[1].split(":") : [];
  while (groups.length + last.length < 8) {
    groups.push("0");
  }
  return groups.concat(last).slice(0, 4).join(":");
}

export default { clientCert, credential, network };
