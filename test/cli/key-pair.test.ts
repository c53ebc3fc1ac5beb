import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { readKeyPair, SettingsError } from "../../src/config/index.ts";
import { selfSigned } from "../support/certificate.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const NOW = Date.UTC(2026, 0, 1);
const own = selfSigned("hooks.example.com");
const other = selfSigned("other.example.com");

/** Reads the files with these contents; null means that the file is missing. */
function reading({ cert = own.cert, key = own.key }: { cert?: string | null; key?: string | null }, now = NOW) {
  using dir = temporaryDirectory();
  const [tlsCert, tlsKey] = [dir.file("cert.pem"), dir.file("key.pem")];
  if (cert !== null) writeFileSync(tlsCert, cert);
  if (key !== null) writeFileSync(tlsKey, key);
  return readKeyPair({ tlsCert, tlsKey }, { now, again: false });
}

function problem(...given: Parameters<typeof reading>): string {
  try {
    reading(...given);
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  throw new Error("The files were accepted.");
}

describe("the certificate of the server", () => {
  test("the certificate of the server is the text of both files if the key belongs to the first certificate", () => {
    expect(reading({})).toEqual(own);
    const chain = own.cert + other.cert;
    expect(reading({ cert: chain })).toEqual({ cert: chain, key: own.key });
  });

  test("the certificate of the server is null without settings", () => {
    expect(readKeyPair({ tlsCert: null, tlsKey: null }, { now: NOW, again: false })).toBeNull();
  });

  const encrypted = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" },
  }).privateKey;
  const shortKey = generateKeyPairSync("rsa", {
    modulusLength: 1024,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  }).privateKey;
  const damaged = "-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n";
  const expired = selfSigned("old.example.com", 2024);

  const refused: ReadonlyArray<readonly [what: string, files: Parameters<typeof reading>[0], sentence: RegExp]> = [
    [
      "a missing certificate",
      { cert: null },
      /^The tls-cert \S+ cannot be read \(ENOENT\)\. Set tls-cert to a PEM file/,
    ],
    ["a missing key", { key: null }, /^The tls-key \S+ cannot be read \(ENOENT\)\. /],
    ["an empty certificate", { cert: "" }, /^The tls-cert \S+ contains no certificate\. /],
    ["a key in place of the certificate", { cert: own.key }, /^The tls-cert \S+ contains no certificate\. /],
    ["a damaged certificate", { cert: own.cert + damaged }, /^Certificate 2 in the tls-cert \S+ is damaged\. /],
    ["an empty key", { key: "" }, /^The tls-key \S+ contains no private key\. /],
    ["a certificate in place of the key", { key: own.cert }, /^The tls-key \S+ contains no private key\. /],
    ["an RSA key of 1024 bits", { key: shortKey }, /^The tls-key \S+ is an RSA key of 1024 bits, .*at least 2048 bits/],
    ["a key with a passphrase", { key: encrypted }, /^The tls-key \S+ is protected by a passphrase\. /],
    [
      "another certificate's key",
      { key: other.key },
      /^The tls-key \S+ does not belong to the first certificate in the /,
    ],
    ["a chain in the wrong order", { cert: other.cert + own.cert }, /^The tls-key \S+ does not belong to the first /],
    [
      "an expired certificate",
      expired,
      /^The certificate of CN=old\.example\.com in the tls-cert \S+ expired at 2024-01-01T00:00:00\.000Z\. /,
    ],
    [
      "a chain with an expired certificate",
      { cert: own.cert + expired.cert },
      /^The certificate of CN=old\.example\.com /,
    ],
  ];
  test.each(refused)("the certificate of the server is refused with one sentence for %s", (_, files, sentence) => {
    const message = problem(files);
    expect(message).toMatch(sentence);
    expect(message).not.toContain("PRIVATE KEY");
  });

  test("the certificate of the server is refused before it is valid", () => {
    expect(problem({}, Date.UTC(2019, 11, 31))).toMatch(
      / is not valid before 2020-01-01T00:00:00\.000Z\. Check the clock\.$/,
    );
  });

  test.skipIf(process.platform === "win32")(
    "the certificate of the server is refused if its key is a pipe to which no process writes",
    () => {
      using dir = temporaryDirectory();
      writeFileSync(dir.file("cert.pem"), own.cert);
      expect(Bun.spawnSync(["mkfifo", dir.file("key.pem")]).exitCode).toBe(0);
      const settings = { tlsCert: dir.file("cert.pem"), tlsKey: dir.file("key.pem") };
      expect(() => readKeyPair(settings, { now: NOW, again: false })).toThrow(/is a pipe to which no process writes/);
    },
  );

  test("the certificate of the server is refused if its file is a directory", () => {
    using dir = temporaryDirectory();
    mkdirSync(dir.file("cert.pem"));
    writeFileSync(dir.file("key.pem"), own.key);
    const settings = { tlsCert: dir.file("cert.pem"), tlsKey: dir.file("key.pem") };
    expect(() => readKeyPair(settings, { now: NOW, again: false })).toThrow(/cannot be read \(EISDIR\)/);
    expect(() => readKeyPair(settings, { now: NOW, again: true })).toThrow(/is not a regular file/);
  });
});
