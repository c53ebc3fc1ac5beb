import { describe, expect, test } from "bun:test";
import type { Endpoint } from "../../../src/api/types.ts";
import { changeOf, inputOf } from "../../../web/admin/endpoints/auth-form.ts";

const OAUTH = {
  ...{ type: "oauth2", tokenUrl: "https://login.example/token", clientId: "c", clientSecret: "[set]" },
  ...{ clientAuth: "body", extraParams: { audience: "x:y", a: "" }, keyId: "k" },
} as NonNullable<Endpoint["auth"]>;
const MTLS = { type: "mtls", certificate: "cert", key: "[set]", ca: "the ca" } as NonNullable<Endpoint["auth"]>;

describe("the form for the authentication of an endpoint", () => {
  test("no authentication is an empty form, which changes nothing", () => {
    const input = inputOf({ auth: null, tls: null });
    expect(input).toEqual({ type: "", values: {}, ca: "" });
    expect(changeOf(input, { auth: null })).toEqual({ auth: null, tls: null });
  });

  test("secrets are empty in the form, and an empty secret keeps the stored one", () => {
    const input = inputOf({ auth: OAUTH, tls: null });
    expect(input.values).not.toHaveProperty("clientSecret");
    expect(input.values).toMatchObject({ clientAuth: "body", extraParams: "audience: x:y\na: " });
    expect(changeOf(input, { auth: OAUTH }).auth).toEqual({ ...OAUTH, scope: null });
  });

  test("a typed secret replaces the stored one, and a secret of another type is not kept", () => {
    const typed = { ...inputOf({ auth: OAUTH, tls: null }), values: { clientSecret: "new" } };
    expect(changeOf(typed, { auth: OAUTH }).auth).toMatchObject({ clientSecret: "new" });
    const bearer = { type: "bearer", values: {}, ca: "" } as const;
    expect(changeOf(bearer, { auth: OAUTH }).auth).toEqual({ type: "bearer", token: "" });
  });

  test("a CA in the authentication moves to the field that all types share", () => {
    const input = inputOf({ auth: MTLS, tls: null });
    expect(input.ca).toBe("the ca");
    expect(changeOf(input, { auth: MTLS })).toEqual({
      auth: { type: "mtls", certificate: "cert", key: "[set]" },
      tls: { ca: "the ca" },
    });
  });
});
