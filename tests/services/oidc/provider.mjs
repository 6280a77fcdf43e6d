// A real OpenID provider (panva's oidc-provider) with the claims of Pro Santé Connect, for tests.
//
// Whoever sits before it is said by POST /test/person {sub, acr, userinfo}: its page for signing in is left at
// once as that person. POST /test/registered {redirectUris} says where
// people come back to, POST /test/rotate makes new keys, POST /test/answers {path, status, headers, body, drips}
// puts answers in the place of its own (drips: a byte now and then, for ever), POST /test/sign {claims}
// signs an id token, GET /test/asked tells what was asked last. Prints "ready".
import { createServer } from "node:http";
import { generateKeyPairSync, sign } from "node:crypto";
import { Provider } from "oidc-provider";

const [port, clientId, clientSecret] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
let person = { sub: "nobody", acr: "eidas1", userinfo: {} };
let asked = {};
let answers = [];
let redirectUris = ["http://127.0.0.1:1/"];
let provider;
let signer;

function keys() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  signer = privateKey;
  return { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256" }] };
}

function made() {
  const made = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: redirectUris,
        grant_types: ["authorization_code"],
        response_types: ["code"],
        id_token_signed_response_alg: "RS256",
      },
    ],
    jwks: keys(),
    cookies: { keys: ["test"] },
    pkce: { required: () => true },
    acrValues: ["eidas1", "eidas0"],
    scopes: ["openid", "scope_all"],
    claims: {
      openid: ["sub", "acr", "auth_time"],
      scope_all: ["family_name", "given_name", "SubjectNameID", "SubjectRefPro"],
    },
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: () => true },
      userinfo: { enabled: true },
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: (use) => ({ sub, ...(use === "userinfo" ? person.userinfo : {}) }),
    }),
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 600, Grant: 600 },
  });
  return made;
}

async function interact(request, response) {
  const details = await provider.interactionDetails(request, response);
  asked = details.params;
  if (details.prompt.name === "login") {
    const login = { accountId: person.sub, acr: person.acr, ts: person.auth_time };
    return provider.interactionFinished(request, response, { login });
  }
  const grant = new provider.Grant({ accountId: details.session.accountId, clientId: details.params.client_id });
  grant.addOIDCScope(details.params.scope);
  grant.addOIDCClaims(["acr", "auth_time"]);
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}

function signed(claims) {
  const b64 = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const unsigned = `${b64({ alg: "RS256" })}.${b64(claims)}`;
  return `${unsigned}.${sign("sha256", Buffer.from(unsigned), signer).toString("base64url")}`;
}

async function body(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return pieces.length ? JSON.parse(Buffer.concat(pieces).toString() || "{}") : {};
}

async function control(request, response) {
  const told = request.method === "POST" ? await body(request) : {};
  if (request.url === "/test/person") person = { acr: "eidas1", userinfo: {}, ...told };
  if (request.url === "/test/registered") redirectUris = told.redirectUris;
  if (["/test/rotate", "/test/registered"].includes(request.url)) provider = made();
  if (request.url === "/test/answers") answers = told.answers;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ asked, signed: told.claims && signed(told.claims) }));
}

function answer(response, { status, headers, body, drips }) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  if (!drips) return response.end(body);
  const dripping = setInterval(() => response.write(" "), 50);
  response.on("close", () => clearInterval(dripping));
}

provider = made();
const server = createServer((request, response) => {
  const failed = (error) => {
    response.statusCode = 500;
    response.end(String(error));
  };
  if (request.url.startsWith("/test/")) return control(request, response).catch(failed);
  if (request.url.startsWith("/interaction/")) return interact(request, response).catch(failed);
  const other = answers.find(({ path }) => request.url.split("?")[0].endsWith(path));
  if (other) return answer(response, other);
  return provider.callback()(request, response);
});
server.listen(Number(port), "127.0.0.1", () => console.log("ready"));
