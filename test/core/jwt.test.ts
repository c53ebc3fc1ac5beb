import { describe, expect, test } from "bun:test";
import { looksLikeJwt, verifyJwt } from "../../src/core/jwt.ts";
import { part, signJwt } from "../support/jwt.ts";

const SECRET = "a secret";
const NOW_MS = Date.UTC(2026, 0, 1);
const now = NOW_MS / 1000;

const verify = (text: string) => verifyJwt(text, SECRET, NOW_MS);
const problemOf = (text: string) => (verify(text) as { problem?: string }).problem;

describe("JWT", () => {
  test("a JWT made by another implementation is valid", () => {
    // The example from jwt.io.
    const text =
      "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
    expect(verifyJwt(text, "your-256-bit-secret", NOW_MS)).toEqual({
      claims: { sub: "1234567890", name: "John Doe", iat: 1_516_239_022 },
    });
  });

  test("a JWT is valid from nbf until exp, with a leeway of 60 seconds at both ends", () => {
    const widest = { nbf: now + 60, exp: now - 59 };
    expect(verify(signJwt(widest, SECRET))).toEqual({ claims: widest });
    expect(problemOf(signJwt({ exp: now - 60 }, SECRET))).toBe("expired");
    expect(problemOf(signJwt({ nbf: now + 61 }, SECRET))).toBe("early");
    expect(verify(signJwt({}, SECRET))).toEqual({ claims: {} });
  });

  test("a JWT with invalid times is malformed", () => {
    for (const claims of [{ exp: "9999999999" }, { exp: null }, { nbf: {} }]) {
      expect(problemOf(signJwt(claims, SECRET))).toBe("malformed");
    }
  });

  test("a JWT that was signed with another secret or changed in any part is refused", () => {
    expect(problemOf(signJwt({}, "another"))).toBe("signature");
    const [header, payload, signature] = signJwt({ sub: "org_a" }, SECRET).split(".") as [string, string, string];
    expect(problemOf([header, part({ sub: "org_b" }), signature].join("."))).toBe("signature");
    expect(problemOf([part({ alg: "HS256" }), payload, signature].join("."))).toBe("signature");
    expect(problemOf([header, payload, signature.slice(0, -1)].join("."))).toBe("signature");
  });

  test("a JWT cannot choose the algorithm by which it is verified", () => {
    for (const header of [{ alg: "none" }, { alg: "HS512" }, { alg: "RS256" }, { alg: "hs256" }, {}, { alg: null }]) {
      expect(problemOf(signJwt({}, SECRET, header))).toBe("malformed");
    }
    expect(problemOf(signJwt({}, SECRET, { alg: "HS256", crit: ["b64"], b64: false }))).toBe("malformed");
    expect(problemOf(`${part({ alg: "none" })}.${part({})}.`)).toBe("malformed");
  });

  test("only one encoding of a JWT is valid", () => {
    const text = signJwt({}, SECRET);
    // 32 bytes leave two bits of the last character unused, so a lenient decoder treats four
    // characters as equal.
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const accepted = [...alphabet].filter((last) => "claims" in verify(text.slice(0, -1) + last));
    expect(accepted).toEqual([text.at(-1)!]);
    expect(problemOf(`${text}=`)).toBe("malformed");
  });

  test("a JWT with a part that is not a JSON object is malformed", () => {
    for (const header of ["!", "a", part([]), part("HS256"), part(null)]) {
      expect(problemOf(`${header}.${part({})}.x`)).toBe("malformed");
    }
    expect(problemOf(signJwt([], SECRET))).toBe("malformed");
  });

  test("a JWT is distinguished from other tokens by its form", () => {
    expect(looksLikeJwt(signJwt({}, SECRET))).toBe(true);
    for (const text of ["", "bhk_abc", "a.b", "a..c", "a.b.c.d", "a.b.c d", ".b.c"])
      expect(looksLikeJwt(text)).toBe(false);
  });
});
