import { describe, expect, test } from "bun:test";
import {
  csrfToken,
  isCsrfToken,
  isSameOrigin,
  isSessionSecret,
  sessionSecretText,
  withoutSessionSecrets,
} from "../../src/core/session.ts";

describe("sessions", () => {
  test("a CSRF token belongs to one secret and does not contain it", () => {
    const [one, other] = [1, 2].map((fill) => sessionSecretText(new Uint8Array(32).fill(fill))) as [string, string];
    expect(isSessionSecret(one)).toBe(true);
    expect(csrfToken(one)).not.toContain(one);
    expect(isCsrfToken(csrfToken(one), one)).toBe(true);
    expect(isCsrfToken(csrfToken(one), other)).toBe(false);
    for (const text of ["", "é", csrfToken(one).slice(1), `${csrfToken(one)}=`])
      expect(isCsrfToken(text, one)).toBe(false);
  });

  test("the secrets of sessions are removed from a Cookie header, and nothing else", () => {
    const cases = [
      ["a=1", "a=1"],
      ["", ""],
      ["boathook_session=secret", ""],
      ["a=1; boathook_session_8071=secret; b=2", "a=1; b=2"],
      ["__Host-boathook_session=secret; b=2", "b=2"],
      ["a=1;__Secure-boathook_session_8443=secret", "a=1"],
      ["boathook_session=x; boathook_session_1=y; c=3", "c=3"],
      ["my_boathook_session=1; boathook_sessions=2", "my_boathook_session=1; boathook_sessions=2"],
    ] as const;
    for (const [cookies, left] of cases) expect([cookies, withoutSessionSecrets(cookies)]).toEqual([cookies, left]);
  });

  test("a request is of the same origin if all that the browser says of its page fits the server", () => {
    const publicUrl = "https://hooks.example/path";
    const base = { method: "POST", fetchSite: null, origin: null, host: "10.0.0.5:8071" };
    const cases = [
      [{}, true],
      [{ origin: "https://hooks.example" }, true],
      [{ origin: "https://hooks.example:8443" }, false],
      [{ origin: "http://10.0.0.5:8071" }, true],
      [{ origin: "http://10.0.0.5" }, false],
      [{ origin: "https://evil.example" }, false],
      [{ origin: "null" }, false],
      [{ origin: "" }, false],
      [{ fetchSite: "same-origin", origin: "https://evil.example" }, true],
      [{ fetchSite: "cross-site", origin: "https://hooks.example" }, false],
      [{ fetchSite: "same-site" }, false],
      [{ fetchSite: "none" }, false],
      [{ fetchSite: "none", method: "GET" }, true],
    ] as const;
    for (const [change, expected] of cases) {
      expect([change, isSameOrigin({ ...base, ...change }, publicUrl)]).toEqual([change, expected]);
    }
  });
});
