import { expect, test } from "bun:test";
import { IdCodec } from "../../src/core/id.ts";
import { parseSecret } from "../../src/core/signature.ts";
import type { OutgoingRequest } from "../../src/ports.ts";
import { type Sandbox, SandboxBusy, type SandboxCall, type SandboxResult } from "../../src/sandbox/sandbox.ts";
import { Targets } from "../../src/targets/index.ts";
import type { TargetMessage } from "../../src/targets/target.ts";

const KEY = parseSecret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")!;
const MESSAGE: TargetMessage = {
  ...{ seq: 5, payload: Buffer.from('{"a":1}'), contentType: null, headers: null, received: null },
  ...{ eventType: "a", channels: null },
};
const RETURNED: SandboxResult = { kind: "returned", json: "{}", payload: "unchanged", logs: [] };

/** Delivers a message to an endpoint with a transformation, whose result is `result`. */
async function deliver(result: () => Promise<SandboxResult>, enabled = true) {
  const requests: OutgoingRequest[] = [];
  const calls: [owner: number, call: SandboxCall][] = [];
  const sandbox: Sandbox = {
    run: (owner, prepare) => {
      calls.push([owner, prepare()]);
      return result();
    },
    runHosted: () => Promise.reject(new SandboxBusy("There are no functions.")),
  };
  const targets = new Targets({
    ports: {
      clock: { now: () => 1_000, steady: () => 0, soon: () => {}, after: () => () => {} },
      resolver: { resolve: async () => ["93.184.216.34"] },
      transport: {
        send: async (request) => {
          requests.push(request);
          return { kind: "response", status: 200, retryAfter: null, body: new Uint8Array(), note: null };
        },
      },
      sandbox,
    },
    policy: {
      ...{ allowSubnets: [], deliveryTimeoutMs: 15_000, maxBodyBytes: 100, maxResponseStoredBytes: 7 },
      ...{ signatureHeaders: "webhook", userAgent: "Boathook/test", inbox: () => null },
    },
    ids: new IdCodec([1, 2, 3, 4]),
  });
  const transformation = { code: "function handler() {}", enabled, variables: { a: "b" } };
  const endpoint = { url: "https://example.com/", headers: {}, timeoutMs: null, applicationSeq: 9, transformation };
  const answer = await targets.prepare(endpoint, [KEY]).deliver(MESSAGE, new AbortController().signal);
  return { answer, requests, calls };
}

test("a delivery waits without an attempt while too many transformations wait", async () => {
  const { answer, requests } = await deliver(() => Promise.reject(new SandboxBusy("busy")));
  expect(answer).toMatchObject({ kind: "shortage", resource: "sandbox" });
  expect(requests).toEqual([]);
});

test("a transformation that is not enabled is not run", async () => {
  const { answer, requests, calls } = await deliver(() => Promise.resolve(RETURNED), false);
  expect(answer).not.toHaveProperty("transformation");
  expect([requests.length, calls.length]).toEqual([1, 0]);
});

test("the code runs for the application of the endpoint, with its variables and the time of the attempt", async () => {
  const { answer, calls } = await deliver(() => Promise.resolve(RETURNED));
  expect(answer).toMatchObject({
    transformation: { sent: { method: "POST", url: "https://example.com/", payload: null } },
  });
  expect(calls).toMatchObject([[9, { variables: { a: "b" }, now: 1_000 }]]);
});

test("a payload that the code made is signed and limited", async () => {
  const payload = Buffer.from("made");
  const { requests } = await deliver(() => Promise.resolve({ ...RETURNED, payload }));
  expect(requests[0]!.body).toEqual(payload);
  const tooLarge = await deliver(() => Promise.resolve({ ...RETURNED, payload: new Uint8Array(101) }));
  expect(tooLarge.answer).toMatchObject({ kind: "failure", reason: "transformation" });
});
