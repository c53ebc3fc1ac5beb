import { afterAll, describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import {
  certificatesProblem,
  clientTls,
  keyProblem,
  pemBlocks,
  pemCharsMax,
  signingKeyProblem,
} from "../../src/core/pem.ts";
import { selfSigned } from "../support/certificate.ts";
import { Authority, hasOpenssl } from "../support/pki.ts";

const incomplete = "A block in PEM has no end, or an end with another label.";
const NOW = Date.UTC(2026, 5, 1);
const one = selfSigned("one.example");
const two = selfSigned("two.example");
const expired = selfSigned("old.example", 2021);

describe("certificates in PEM", () => {
  test("one certificate, several of them and text between them are valid", () => {
    for (const text of [one.cert, one.cert + two.cert, `a comment\n${one.cert}\nanother\n${two.cert}`]) {
      expect(certificatesProblem(text, NOW)).toBeNull();
    }
  });

  test("lines may end with CR and LF", () => {
    expect(certificatesProblem(one.cert.replaceAll("\n", "\r\n"), NOW)).toBeNull();
  });

  test.each([
    ["an empty text", "", "Must be one or more certificates in PEM (-----BEGIN CERTIFICATE-----)."],
    ["another text", "hello", "Must be one or more certificates in PEM (-----BEGIN CERTIFICATE-----)."],
    ["a key", one.key, "Must contain only certificates, but contains a private key."],
    ["a certificate with its key", one.cert + one.key, "Must contain only certificates, but contains a private key."],
    [
      "a certificate that is not one",
      `${one.cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----`,
      "Certificate 2 cannot be read.",
    ],
    ["an expired certificate", one.cert + expired.cert, "Certificate 2 expired at 2021-01-01T00:00:00.000Z."],
    ["a certificate without an end", `${one.cert}-----BEGIN CERTIFICATE-----\nMIIB`, incomplete],
    ["a certificate in another block", `-----BEGIN X-----\n${one.cert}-----END X-----\n`, incomplete],
    ["a text with NUL", `\0${one.cert}`, "Must not contain the character NUL."],
    ["a huge text", one.cert + " ".repeat(pemCharsMax), `Must be at most ${pemCharsMax} characters long.`],
  ])("%s is refused", (_, text, problem) => {
    expect(certificatesProblem(text, NOW)).toBe(problem);
  });
});

test("a text of many beginnings of blocks is read in linear time", () => {
  // In quadratic time, this would take longer than the time limit of a test.
  expect(pemBlocks("-----BEGIN A-----".repeat(200_000), /./)).toEqual([]);
});

test("RSA keys are accepted up to 4096 bits", () => {
  const keyOf = (modulusLength: number) =>
    generateKeyPairSync("rsa", { modulusLength }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  expect(signingKeyProblem(keyOf(2048))).toBeNull();
  const longer = keyOf(4224);
  for (const problem of [signingKeyProblem(longer), keyProblem(longer, one.cert)]) {
    expect(problem).toBe("An RSA key must have at most 4096 bits.");
  }
});

describe("the key of a certificate", () => {
  test("the key of the first certificate is valid", () => {
    expect(keyProblem(one.key, one.cert + two.cert)).toBeNull();
  });

  test.each([
    ["another key", two.key, "The key does not belong to the certificate, which must be the first one of its chain."],
    ["a certificate", one.cert, "Must be a private key in PEM."],
    ["an empty text", "", "Must be a private key in PEM."],
    ["a huge text", " ".repeat(pemCharsMax + 1), `Must be at most ${pemCharsMax} characters long.`],
  ])("%s is refused", (_, key, problem) => {
    expect(keyProblem(key, one.cert)).toBe(problem);
  });
});

describe.skipIf(!hasOpenssl)("a key of openssl", () => {
  const authority = hasOpenssl ? new Authority() : null;
  afterAll(() => authority?.[Symbol.dispose]());

  test("a key of openssl is accepted, but not if it is encrypted", () => {
    const { cert, key } = authority!.issue("client.example");
    expect(keyProblem(key, cert)).toBeNull();
    for (const form of ["pkcs8", "traditional"] as const) {
      expect(keyProblem(authority!.encrypted(key, form), cert)).toStartWith("The key is encrypted.");
    }
  });
});

test("the ids of TLS settings are equal if and only if the settings are equal", () => {
  const identity = { certificate: "c", key: "k" };
  const all = [clientTls(null, null), clientTls("a", null), clientTls("a", identity), clientTls(null, identity)];
  expect(new Set(all.map(({ id }) => id)).size).toBe(4);
  expect(clientTls("a", { ...identity }).id).toBe(all[2]!.id);
});
