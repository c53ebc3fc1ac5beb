import { expect, test } from "bun:test";
import { HttpClient } from "../../../src/edge/http-client/client.ts";
import type { OutgoingRequest } from "../../../src/ports.ts";
import { selfSigned } from "../../support/certificate.ts";
import { startRawServer } from "../../support/raw-server.ts";
import { answer, type SocketReceiver, startSocketReceiver } from "../../support/socket-receiver.ts";
import { bare, patient, requestTo, responseWith } from "./requests.ts";

const OK = responseWith(200, "ok");
const A = "127.0.0.1";
const B = "127.0.0.2";
const C = "127.0.0.3";

/** Returns a request to a name with these addresses, on the receiver's port. */
function request({ port }: { readonly port: number }, addresses: string[], fields: Partial<OutgoingRequest> = {}) {
  return requestTo(`http://hook.example:${port}/`, { addresses, ...fields });
}

function count({ requests }: SocketReceiver): number {
  return requests.reduce((sum, one) => sum + one, 0);
}

test("successive requests to a name spread over its addresses", async () => {
  await using one = await startSocketReceiver(answer, { host: A });
  await using other = await startSocketReceiver(answer, { host: B, port: one.port });
  const client = new HttpClient();
  const sent = request(one, [A, B]);
  for (let i = 0; i < 20; i++) expect(await client.send(sent, patient)).toEqual(OK);
  expect([count(one), count(other)]).toEqual([10, 10]);
  expect([one.requests.length, other.requests.length]).toEqual([1, 1]);
});

test("requests keep alternating between the addresses of a name when a new lookup returns the same addresses", async () => {
  await using one = await startSocketReceiver(answer, { host: A });
  await using other = await startSocketReceiver(answer, { host: B, port: one.port });
  const client = new HttpClient();
  const sent = request(one, [A, B]);
  for (let i = 0; i < 20; i++) expect(await client.send({ ...sent, addresses: [A, B] }, patient)).toEqual(OK);
  expect([count(one), count(other)]).toEqual([10, 10]);
});

test("a request whose first addresses refuse connections goes to the next one", async () => {
  await using working = await startSocketReceiver(answer, { host: C });
  const client = new HttpClient();
  const sent = request(working, [A, B, C]);
  for (let i = 0; i < 10; i++) expect(await client.send(sent, patient)).toEqual(OK);
  expect(working.requests).toEqual([10]);
});

for (const [dead, alive] of [
  [A, "::1"],
  ["::1", A],
] as const) {
  test(`a request whose address ${dead} refuses connections goes to ${alive}`, async () => {
    await using working = await startSocketReceiver(answer, { host: alive });
    expect(await new HttpClient().send(request(working, [dead, alive]), patient)).toEqual(OK);
  });
}

test("the client abandons an address that does not finish the TLS handshake, and later requests avoid that address", async () => {
  const certificate = selfSigned("hook.example");
  await using working = await startSocketReceiver(answer, { host: B, certificate });
  let silent = 0;
  await using _hanging = await startRawServer(() => silent++, { host: A, port: working.port });
  const client = new HttpClient({ ca: certificate.cert });
  const sent = requestTo(`https://hook.example:${working.port}/`, { addresses: [A, B], timeoutMs: 300 });
  for (let i = 0; i < 10; i++) expect(await client.send(sent, patient)).toEqual(OK);
  expect([silent, working.requests]).toEqual([1, [10]]);
});

test("the client abandons an address whose certificate is for another name", async () => {
  const certificate = selfSigned("hook.example");
  await using working = await startSocketReceiver(answer, { host: B, certificate });
  const options = { host: A, port: working.port, certificate: selfSigned("other.example") };
  await using wrong = await startSocketReceiver(answer, options);
  const client = new HttpClient({ ca: certificate.cert });
  const sent = requestTo(`https://hook.example:${working.port}/`, { addresses: [A, B] });
  for (let i = 0; i < 4; i++) expect(await client.send(sent, patient)).toEqual(OK);
  expect([count(wrong), count(working)]).toEqual([0, 4]);
});

test("a request that has been sent to one address is not sent to another", async () => {
  await using one = await startSocketReceiver((socket) => socket.destroy(), { host: A });
  await using other = await startSocketReceiver((socket) => socket.destroy(), { host: B, port: one.port });
  const failure = { kind: "failure", reason: "connection", detail: "The connection was closed before the response." };
  expect(bare(await new HttpClient().send(request(one, [A, B]), patient))).toEqual(failure as never);
  expect(count(one) + count(other)).toBe(1);
});

test("if the server of a kept connection is gone, a request goes to another address", async () => {
  const dying = await startSocketReceiver(answer, { host: A });
  await using other = await startSocketReceiver(answer, { host: B, port: dying.port });
  const client = new HttpClient();
  const sent = request(dying, [A, B]);
  for (let i = 0; i < 2; i++) expect(await client.send(sent, patient)).toEqual(OK);
  await dying[Symbol.asyncDispose]();
  for (let i = 0; i < 4; i++) expect(await client.send(sent, patient)).toEqual(OK);
  expect(count(other)).toBe(5);
});

test("if no address works, a request fails with the reason of the last one", async () => {
  await using receiver = await startSocketReceiver(answer, { host: A });
  const failure = { kind: "failure", reason: "connection", detail: "The connection was refused." };
  expect(bare(await new HttpClient().send(request(receiver, [B, C]), patient))).toEqual(failure as never);
});

test("a request tries at most six addresses, and the next request tries others", async () => {
  await using working = await startSocketReceiver(answer, { host: "127.0.0.20" });
  const addresses = Array.from({ length: 16 }, (_, i) => `127.0.0.${i + 5}`);
  const client = new HttpClient();
  const sent = request(working, addresses);
  const kinds: string[] = [];
  // The turns begin at a random address. Three requests try 18 addresses, so one of them arrives.
  while (kinds.at(-1) !== "response" && kinds.length < 3) kinds.push((await client.send(sent, patient)).kind);
  expect(kinds.at(-1)).toBe("response");
  // From then on, every request has an address that is known to work.
  for (let i = 0; i < 20; i++) expect(await client.send(sent, patient)).toEqual(OK);
});

test("a request that is aborted while it connects tries no further address", async () => {
  const certificate = selfSigned("hook.example");
  await using working = await startSocketReceiver(answer, { host: B, certificate });
  const timeout = new AbortController();
  await using _hanging = await startRawServer(() => timeout.abort(), { host: A, port: working.port });
  const client = new HttpClient({ ca: certificate.cert });
  const sent = requestTo(`https://hook.example:${working.port}/`, { addresses: [A, B] });
  const kinds = [await client.send(sent, timeout.signal), await client.send(sent, timeout.signal)];
  expect(kinds).toContainEqual(expect.objectContaining({ kind: "failure", reason: "timeout" }));
  expect(count(working)).toBeLessThanOrEqual(1);
});
