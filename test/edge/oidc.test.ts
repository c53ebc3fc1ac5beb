import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { exportJWK, SignJWT } from "jose";
import { OidcProvider } from "../../src/edge/oidc.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const { privateKey: otherKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

const CLIENT_ID = "client";
const CLIENT_SECRET = "secret-of-the-client";
const REDIRECT_URI = "http://127.0.0.1:8071/api/v1/oidc/callback";

type Claims = Readonly<Record<string, unknown>>;

interface Behaviour {
  readonly claims?: Claims;
  readonly userInfo?: Claims;
  readonly key?: typeof privateKey;
  readonly metadata?: Claims;
  /** The response of the token endpoint, instead of one with an ID token. */
  readonly token?: () => Response | Promise<Response>;
}

/** Performs one login at a provider that behaves in this way. */
async function logIn(behaviour: Behaviour, needsGroups = false) {
  let nonce = "";
  const requests: { readonly path: string; readonly authorization: string | null; readonly body: string }[] = [];
  const failures: string[] = [];
  const server: Bun.Server<undefined> = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const path = new URL(request.url).pathname;
      const authorization = request.headers.get("authorization");
      requests.push({ path, authorization, body: await request.text() });
      if (path === "/.well-known/openid-configuration") return Response.json({ ...metadata(), ...behaviour.metadata });
      if (path === "/jwks")
        return Response.json({ keys: [{ ...(await exportJWK(publicKey)), kid: "1", alg: "RS256" }] });
      if (path === "/me") return Response.json({ sub: "42", ...behaviour.userInfo });
      if (path === "/token") return (await behaviour.token?.()) ?? Response.json(await tokens());
      return new Response(null, { status: 404 });
    },
  });
  const issuer: string = `http://127.0.0.1:${server.port}`;
  const metadata = () => ({
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    userinfo_endpoint: `${issuer}/me`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
  });
  const tokens = async () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: issuer, sub: "42", aud: CLIENT_ID, iat: now, exp: now + 300, nonce, ...behaviour.claims };
    const idToken = await new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", kid: "1" })
      .sign(behaviour.key ?? privateKey);
    return { access_token: "access", token_type: "Bearer", expires_in: 300, id_token: idToken };
  };
  try {
    const provider = new OidcProvider({
      issuer,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      needsGroups,
      onFailure: (failure, detail) => failures.push(`${failure} ${detail}`),
    });
    const begun = await provider.begin(REDIRECT_URI);
    if ("failure" in begun) return { end: begun, requests, failures, scope: null };
    nonce = begun.attempt.nonce;
    const end = await provider.finish(`${REDIRECT_URI}?code=the-code&state=${begun.attempt.state}`, begun.attempt);
    return { end, requests, failures, scope: new URL(begun.url).searchParams.get("scope") };
  } finally {
    await server.stop(true);
  }
}

const seconds = (offset: number) => Math.floor(Date.now() / 1000) + offset;
const profile = { email: "ada@example.com", email_verified: true, name: "Ada", groups: ["ops"] };

describe("an identity provider", () => {
  test("a person has the claims of the ID token, and the user info is read only if some are missing", async () => {
    const { end, requests } = await logIn({ claims: profile });
    expect(end).toEqual({
      user: {
        issuer: expect.stringContaining("http://127.0.0.1:"),
        ...{ id: "42", name: "Ada", email: "ada@example.com", isEmailVerified: true, groups: ["ops"] },
      },
    });
    expect(requests.map(({ path }) => path)).not.toContain("/me");
    const other = await logIn(
      { claims: { email: "ada@example.com" }, userInfo: { ...profile, email: "x@example.com" } },
      true,
    );
    expect(other.end).toMatchObject({ user: { email: "ada@example.com", isEmailVerified: true, groups: ["ops"] } });
    expect(other.requests.map(({ path }) => path)).toContain("/me");
  });

  test("claims of a wrong type count as missing", async () => {
    const claims = { email: ["ada@example.com"], email_verified: 1, name: 7, groups: [1, "ops", null] };
    expect((await logIn({ claims })).end).toMatchObject({
      user: { email: "", isEmailVerified: false, name: "", groups: ["ops"] },
    });
    expect((await logIn({ claims: { ...profile, email_verified: "true", groups: "ops" } })).end).toMatchObject({
      user: { isEmailVerified: true, groups: ["ops"] },
    });
  });

  test("groups are requested only if they are needed and the provider knows the scope", async () => {
    const metadata = { scopes_supported: ["openid", "groups"] };
    expect((await logIn({ claims: profile, metadata }, true)).scope).toBe("openid email profile groups");
    expect((await logIn({ claims: profile, metadata })).scope).toBe("openid email profile");
    expect((await logIn({ claims: profile }, true)).scope).toBe("openid email profile");
  });

  test("the client authenticates in the way that the provider supports", async () => {
    const tokenRequest = async (methods?: string[]) => {
      const metadata = methods === undefined ? {} : { token_endpoint_auth_methods_supported: methods };
      return (await logIn({ claims: profile, metadata })).requests.find(({ path }) => path === "/token")!;
    };
    const basic = `Basic ${btoa(`${CLIENT_ID}:${CLIENT_SECRET.replaceAll("-", "%2D")}`)}`;
    for (const methods of [undefined, ["client_secret_post", "client_secret_basic"]]) {
      expect((await tokenRequest(methods)).authorization).toBe(basic);
    }
    const posted = await tokenRequest(["client_secret_post"]);
    expect([posted.authorization, posted.body]).toEqual([
      null,
      expect.stringContaining(`client_secret=${CLIENT_SECRET}`),
    ]);
    expect(posted.body).toContain("code_verifier=");
  });

  const REFUSED: readonly (readonly [what: string, failure: string, behaviour: Behaviour])[] = [
    ["with another nonce", "failed", { claims: { ...profile, nonce: "other" } }],
    ["without a nonce", "failed", { claims: { ...profile, nonce: undefined } }],
    ["for another client", "failed", { claims: { ...profile, aud: "other" } }],
    ["of another issuer", "failed", { claims: { ...profile, iss: "https://evil.example" } }],
    ["that has expired", "clock", { claims: { ...profile, iat: seconds(-600), exp: seconds(-300) } }],
    ["that is not valid yet", "clock", { claims: { ...profile, nbf: seconds(300) } }],
  ];
  for (const [what, failure, behaviour] of REFUSED) {
    test(`an ID token ${what} is refused, and the reason is ${failure}`, async () => {
      const { end, failures } = await logIn(behaviour);
      expect(end).toEqual({ failure } as never);
      expect(failures).toHaveLength(1);
      for (const secret of [CLIENT_SECRET, "the-code", "ada@example.com", "eyJ"])
        expect(failures[0]).not.toContain(secret);
    });
  }

  test("a clock that differs by less than a minute is accepted", async () => {
    expect((await logIn({ claims: { ...profile, exp: seconds(-30), iat: seconds(-100) } })).end).toHaveProperty("user");
  });

  const RESPONSES: readonly (readonly [what: string, failure: string, token: () => Response | Promise<Response>])[] = [
    ["a used code", "expired", () => Response.json({ error: "invalid_grant" }, { status: 400 })],
    ["a wrong client", "failed", () => Response.json({ error: "invalid_client" }, { status: 401 })],
    [
      "a page instead of JSON",
      "failed",
      () => new Response("<html>Oops</html>", { headers: { "content-type": "text/html" } }),
    ],
    ["no ID token", "failed", () => Response.json({ access_token: "a", token_type: "Bearer" })],
    ["an internal error", "failed", () => new Response("Oops", { status: 500 })],
    ["a redirect", "failed", () => new Response(null, { status: 302, headers: { location: "http://127.0.0.1:1/" } })],
  ];
  for (const [what, failure, token] of RESPONSES) {
    test(`a response of the provider with ${what} ends the login, and the reason is ${failure}`, async () => {
      expect((await logIn({ token })).end).toEqual({ failure } as never);
    });
  }

  test("metadata of another issuer are refused", async () => {
    const { end } = await logIn({ metadata: { issuer: "https://evil.example" } });
    expect(end).toEqual({ failure: "provider_unavailable" });
  });

  test("an ID token with a signature of another key is refused", async () => {
    const { end } = await logIn({ claims: profile, key: otherKey });
    expect(end).toEqual({ failure: "failed" });
  });
});
