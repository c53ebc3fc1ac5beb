import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { type Certificate, selfSigned } from "../support/certificate.ts";
import { makeApplication } from "../support/client.ts";
import { type AttemptOut, attemptsOf, makeEndpoint, sendMessage } from "../support/delivery.ts";
import { type Installation, install } from "../support/installation.ts";
import { startReceiver } from "../support/receiver.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/**
 * The server in these tests trusts two certificates: one for `localhost`, and one for a host name
 * that no receiver has.
 */

const forLocalhost = selfSigned("localhost");
const forAnotherName = selfSigned("another.example");
const unknown = selfSigned("localhost");

const dir = temporaryDirectory();
let boathook: Installation;
beforeAll(async () => {
  const trusted = dir.file("trusted.pem");
  writeFileSync(trusted, forLocalhost.cert + forAnotherName.cert);
  boathook = await install([], { env: { NODE_EXTRA_CA_CERTS: trusted } });
});
afterAll(async () => {
  await boathook[Symbol.asyncDispose]();
  dir[Symbol.dispose]();
});

/**
 * Returns the first attempt to a receiver that has this certificate and is reached by this host
 * name.
 */
async function attemptAt(host: string, certificate: Certificate): Promise<AttemptOut & { readonly arrivals: number }> {
  await using receiver = startReceiver(undefined, certificate);
  return { ...(await attemptTo(`https://${host}:${receiver.port}/`)), arrivals: receiver.received.length };
}

async function attemptTo(url: string): Promise<AttemptOut> {
  const app = await makeApplication(boathook.send);
  await makeEndpoint(boathook.send, app, url);
  const [attempt] = await attemptsOf(boathook.send, app, await sendMessage(boathook.send, app));
  return attempt!;
}

test("a receiver with a trusted certificate for its host name gets its messages", async () => {
  expect(await attemptAt("localhost", forLocalhost)).toMatchObject({ statusText: "success", arrivals: 1 });
});

test("a receiver with an untrusted certificate gets no message", async () => {
  expect(await attemptAt("localhost", unknown)).toMatchObject({ statusText: "fail", reason: "tls", arrivals: 0 });
});

test("a receiver with a trusted certificate for another host name gets no message", async () => {
  expect(await attemptAt("localhost", forAnotherName)).toMatchObject({ reason: "tls", arrivals: 0 });
});

test("a certificate for a host name is not valid for the host's IP address", async () => {
  expect(await attemptAt("127.0.0.1", forLocalhost)).toMatchObject({ reason: "tls", arrivals: 0 });
});

test("an open connection to one host name is not used for another name of the same host", async () => {
  await using receiver = startReceiver(undefined, forLocalhost);
  expect(await attemptTo(`https://localhost:${receiver.port}/`)).toMatchObject({ statusText: "success" });
  expect(await attemptTo(`https://127.0.0.1:${receiver.port}/`)).toMatchObject({ reason: "tls" });
  expect(await attemptTo(`https://localhost:${receiver.port}/`)).toMatchObject({ statusText: "success" });
  expect(receiver.received).toHaveLength(2);
});

test("NODE_TLS_REJECT_UNAUTHORIZED does not disable the verification of certificates", async () => {
  await using lax = await install([], { env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } });
  await using receiver = startReceiver(undefined, unknown);
  const app = await makeApplication(lax.send);
  await makeEndpoint(lax.send, app, `https://localhost:${receiver.port}/`);
  const [attempt] = await attemptsOf(lax.send, app, await sendMessage(lax.send, app));
  expect(attempt).toMatchObject({ statusText: "fail", reason: "tls" });
  expect(receiver.received).toEqual([]);
});

test("a receiver without TLS gets no message", async () => {
  await using receiver = startReceiver();
  const attempt = await attemptTo(`https://localhost:${receiver.port}/`);
  expect(attempt.statusText).toBe("fail");
  expect(["tls", "connection"]).toContain(attempt.reason!);
  expect(receiver.received).toEqual([]);
});
