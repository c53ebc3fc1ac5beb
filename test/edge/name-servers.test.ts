import { afterAll, beforeAll, expect, test } from "bun:test";
import { getServers, setServers } from "node:dns";
import { nameServer } from "../../src/config/kinds.ts";
import type { LookupResult } from "../../src/core/name-answer.ts";
import { NameService } from "../../src/edge/name-service.ts";
import { type NameServer, startNameServer } from "../support/name-server.ts";

/** Tests name servers that the operator has set instead of those of this machine. */

/** The name servers apply to the whole process, so the original ones are restored at the end. */
const before = getServers();
let server: NameServer;
beforeAll(async () => {
  server = await startNameServer();
});
afterAll(async () => {
  setServers(before);
  await server[Symbol.asyncDispose]();
});

const wanted = new AbortController().signal;
const UNANSWERED: LookupResult = { kind: "unanswered" };

test("the resolver accepts every form of name server that the setting `name-servers` accepts", () => {
  for (const text of ["10.0.0.53", "127.0.0.1:8600", "::1", "[fd00::53]", "[fd00::53]:5353"]) {
    setServers([nameServer.parse(text)!]);
    expect(getServers()).toHaveLength(1);
  }
});

test("only the name servers that the operator has set are asked", async () => {
  setServers(["127.0.0.1:1"]);
  const { length } = server.asked;
  const { ask } = NameService.withServers([server.address]);
  expect(await ask("four.test.", wanted)).toEqual({ kind: "found", addresses: ["127.0.0.7"] });
  expect(await ask("absent.test.", wanted)).toEqual({ kind: "absent" });
  expect(new Set(server.asked.slice(length))).toEqual(new Set(["four.test", "absent.test"]));
});

test("this machine's resolver is not asked if the operator's name servers refuse a lookup", async () => {
  const backends: string[] = [];
  const { ask } = NameService.withServers([server.address], (_, backend) => {
    backends.push(backend);
    return Promise.resolve({ result: UNANSWERED, isRefused: true });
  });
  expect(await ask("refused.test.", wanted)).toEqual(UNANSWERED);
  expect(backends).toEqual(["c-ares"]);
});
