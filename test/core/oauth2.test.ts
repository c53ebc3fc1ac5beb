import { describe, expect, test } from "bun:test";
import { createHmac, generateKeyPairSync, type KeyObject, verify } from "node:crypto";
import type { OAuth2Auth } from "../../src/core/endpoint-auth.ts";
import { tokenOf, tokenRequest } from "../../src/core/oauth2.ts";

const NOW = 1_700_000_000_500;
const AUTH: OAuth2Auth = {
  type: "oauth2",
  tokenUrl: "https://login.example/token",
  clientId: "my client",
  clientSecret: "a+b:c%",
};

function formOf(auth: OAuth2Auth): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(Buffer.from(tokenRequest(auth, "agent", NOW).body).toString()));
}

function headersOf(auth: OAuth2Auth): Record<string, string> {
  return Object.fromEntries(
    tokenRequest(auth, "agent", NOW).headers.map(([name, value]) => [name.toLowerCase(), value]),
  );
}

describe("a request for an access token", () => {
  test("a request for an access token carries id and secret as Basic, encoded like a form", () => {
    const [scheme, value] = headersOf(AUTH).authorization!.split(" ");
    expect([scheme, atob(value!)]).toEqual(["Basic", "my+client:a%2Bb%3Ac%25"]);
    expect(formOf(AUTH)).toEqual({ grant_type: "client_credentials" });
  });

  test("a request for an access token carries id and secret in the form if the client authenticates there", () => {
    const auth: OAuth2Auth = { ...AUTH, clientAuth: "body", scope: "a b", extraParams: { audience: "x" } };
    expect(headersOf(auth)).not.toHaveProperty("authorization");
    expect(formOf(auth)).toEqual({
      grant_type: "client_credentials",
      audience: "x",
      scope: "a b",
      client_id: "my client",
      client_secret: "a+b:c%",
    });
  });

  const { publicKey: rsaPublic, privateKey: rsa } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const { publicKey: ecPublic, privateKey: ec } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pemOf = (key: KeyObject) => key.export({ type: "pkcs8", format: "pem" }).toString();
  test.each([
    ["HS256", "clientSecretJwt", "a secret", null],
    ["RS256", "privateKeyJwt", pemOf(rsa), rsaPublic],
    ["RS256", "clientSecretJwt", pemOf(rsa), rsaPublic],
    ["ES256", "privateKeyJwt", pemOf(ec), ecPublic],
  ] as const)(
    "a request for an access token carries an assertion signed with %s for %s",
    (alg, clientAuth, clientSecret, key) => {
      const form = formOf({ ...AUTH, clientAuth, clientSecret, keyId: "k1", assertionSeconds: 60 });
      expect(form.client_assertion_type).toBe("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
      expect(form).not.toHaveProperty("client_secret");
      const [header, claims, signature] = form.client_assertion!.split(".") as [string, string, string];
      const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
      expect(read(header)).toEqual({ alg, typ: "JWT", kid: "k1" });
      expect(read(claims)).toEqual({
        ...{ iss: AUTH.clientId, sub: AUTH.clientId, aud: AUTH.tokenUrl, jti: expect.any(String) },
        ...{ iat: 1_700_000_000, exp: 1_700_000_060 },
      });
      const [signed, bytes] = [Buffer.from(`${header}.${claims}`), Buffer.from(signature, "base64url")];
      const isValid =
        key === null
          ? createHmac("sha256", clientSecret).update(signed).digest().equals(bytes)
          : verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, bytes);
      expect(isValid).toBeTrue();
    },
  );

  test("a request for an access token carries the additional headers", () => {
    expect(headersOf({ ...AUTH, extraHeaders: { "X-Tenant": "7" } })).toMatchObject({ "x-tenant": "7" });
  });
});

describe("the response of a token endpoint", () => {
  const read = (status: number, body: unknown) =>
    tokenOf(status, Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));

  test.each([
    [{ access_token: "t", token_type: "bearer", expires_in: 60 }, 60_000],
    [{ access_token: "t", expires_in: "60" }, 60_000],
    [{ access_token: "t", expires_in: 0 }, 0],
    [{ access_token: "t" }, 300_000],
    [{ access_token: "t", expires_in: null }, 300_000],
    [{ access_token: "t", expires_in: -5 }, 300_000],
    [{ access_token: "t", expires_in: "soon" }, 300_000],
    [{ access_token: "t", expires_in: "" }, 300_000],
  ])("the token in %j is valid for %d ms", (body, validForMs) => {
    expect(read(200, body)).toEqual({ token: "t", validForMs });
  });

  test.each([
    [500, "secret text", "The token endpoint responded with 500."],
    [401, { error: "invalid_client" }, "The token endpoint responded with 401 (invalid_client)."],
    [400, { error: "secret text" }, "The token endpoint responded with 400."],
    [302, "", "The token endpoint responded with 302. Redirects are not followed."],
    [200, "secret text", "The response of the token endpoint is not a JSON object."],
    [200, "null", "The response of the token endpoint is not a JSON object."],
    [200, {}, "The response of the token endpoint contains no valid access_token."],
    [200, { access_token: 5 }, "The response of the token endpoint contains no valid access_token."],
    [200, { access_token: "a\r\nb" }, "The response of the token endpoint contains no valid access_token."],
    [200, { access_token: "t".repeat(16_385) }, "The access_token is longer than 16384 characters."],
    [200, { access_token: "t", token_type: "mac" }, "The token endpoint issued a token of another type than Bearer."],
    [200, { access_token: "t", token_type: 1 }, "The token endpoint issued a token of another type than Bearer."],
  ])("a response with status %d and body %j is no token, and its text is not shown", (status, body, problem) => {
    expect(read(status, body)).toEqual({ problem });
  });
});
