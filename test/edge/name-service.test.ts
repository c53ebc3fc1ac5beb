import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { getServers, setServers } from "node:dns";
import { renameSync, unlinkSync, writeFileSync } from "node:fs";
import type { LookupResult } from "../../src/core/name-answer.ts";
import { type LookUpFunction, type LookupReply, lookUp, NameService } from "../../src/edge/name-service.ts";
import { type NameServer, startNameServer } from "../support/name-server.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** The name servers apply to the whole process, so the original ones are restored at the end. */
const before = getServers();
let server: NameServer;
beforeAll(async () => {
  server = await startNameServer();
  setServers([server.address]);
});
afterAll(async () => {
  setServers(before);
  await server[Symbol.asyncDispose]();
});

const wanted = new AbortController().signal;
const unanswered: LookupResult = { kind: "unanswered" };
const absent: LookupResult = { kind: "absent" };

/** Results by absolute name. With absolute names, no search domain of this machine is tried. */
const results: Record<string, LookupResult> = {
  "both.test.": { kind: "found", addresses: ["127.0.0.7", "::7"] },
  "four.test.": { kind: "found", addresses: ["127.0.0.7"] },
  "six.test.": { kind: "found", addresses: ["::7"] },
  "empty.test.": absent,
  "absent.test.": absent,
  "broken.test.": unanswered,
};

for (const [name, result] of Object.entries(results)) {
  test(`the name ${name} is ${result.kind === "found" ? `found as ${result.addresses.join(", ")}` : result.kind}`, async () => {
    expect((await lookUp(name, "c-ares")).result).toEqual(result);
  });
}

test("a lookup that a name server refuses is unanswered and reported as refused", async () => {
  expect(await lookUp("refused.test.", "c-ares")).toEqual({ result: unanswered, isRefused: true });
});

test("names in /etc/hosts are found without a name server", async () => {
  const { length } = server.asked;
  const { result } = await lookUp("localhost", "c-ares");
  expect(result).toMatchObject({ kind: "found", addresses: expect.arrayContaining(["127.0.0.1"]) });
  expect(server.asked.slice(length)).toEqual([]);
});

test("names whose lookup hangs do not block other names", async () => {
  // A later test replaces the name servers, and the new ones refuse these lookups. Because this
  // service has fixed servers, it does not then ask the system resolver, which would query outside
  // name servers.
  const { ask } = NameService.withServers([server.address]);
  let answered = 0;
  for (let i = 0; i < 64; i++) void ask(`silent${i}.test.`, wanted).then(() => answered++);
  expect(await ask("four.hung.test.", wanted)).toEqual({ kind: "found", addresses: ["127.0.0.7"] });
  expect(answered).toBe(0);
});

describe("resolv.conf", () => {
  const dir = temporaryDirectory();
  afterAll(() => {
    dir[Symbol.dispose]();
    setServers([server.address]);
  });

  /** Replaces the file in the same way as the programs that write it. */
  function replace(file: string, text: string): void {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }

  test("changes to resolv.conf are applied, and known servers are kept while the file is missing, empty or invalid", async () => {
    const file = dir.file("resolv.conf");
    replace(file, "nameserver 192.0.2.1\n");
    const { ask } = new NameService(lookUp, "c-ares", file);
    const serversAfter = async (change: () => void) => {
      change();
      await ask("localhost", wanted);
      return getServers();
    };
    expect(await serversAfter(() => {})).toEqual([server.address]);
    expect(await serversAfter(() => replace(file, "nameserver 127.0.0.1\nnameserver ::1\n"))).toEqual([
      "127.0.0.1",
      "::1",
    ]);
    expect(await serversAfter(() => unlinkSync(file))).toEqual(["127.0.0.1", "::1"]);
    expect(await serversAfter(() => replace(file, ""))).toEqual(["127.0.0.1", "::1"]);
    expect(await serversAfter(() => replace(file, "nameserver nonsense\n"))).toEqual(["127.0.0.1", "::1"]);
    expect(await serversAfter(() => replace(file, "nameserver 127.0.0.2\n"))).toEqual(["127.0.0.2"]);
  });

  test("host names are resolved although resolv.conf is missing", async () => {
    setServers([server.address]);
    const { ask } = new NameService(lookUp, "c-ares", dir.file("none"));
    expect(await ask("four.test.", wanted)).toEqual(results["four.test."]!);
  });
});

describe("system resolver as fallback", () => {
  const FOUND: LookupReply = { result: { kind: "found", addresses: ["192.0.2.1"] }, isRefused: false };
  const REFUSED: LookupReply = { result: unanswered, isRefused: true };

  /**
   * Returns a system resolver that responds when the test requests it, behind name servers that
   * refuse everything.
   */
  function refusedWorld() {
    const asked: string[] = [];
    const answers: Array<(answer: LookupReply) => void> = [];
    const lookUpBy: LookUpFunction = (host, backend) => {
      if (backend === "c-ares") return Promise.resolve(REFUSED);
      asked.push(host);
      return new Promise((resolve) => answers.push(resolve));
    };
    const { ask } = new NameService(lookUpBy, "c-ares", "/nowhere/resolv.conf");
    return { ask, asked, answer: (nth: number, answer: LookupReply) => answers[nth]!(answer) };
  }

  const turn = () => new Promise((resolve) => setImmediate(resolve));

  test("the system resolver is asked for one name at a time if the name servers refuse", async () => {
    const { ask, asked, answer } = refusedWorld();
    const both = Promise.all([ask("first.test", wanted), ask("second.test", wanted)]);
    await turn();
    expect(asked).toEqual(["first.test"]);
    answer(0, REFUSED);
    await turn();
    expect(asked).toEqual(["first.test", "second.test"]);
    answer(1, FOUND);
    expect(await both).toEqual([unanswered, FOUND.result]);
  });

  test("the system resolver is not asked for names for which nobody waits", async () => {
    const { ask, asked, answer } = refusedWorld();
    const impatient = new AbortController();
    const all = Promise.all([
      ask("first.test", wanted),
      ask("second.test", impatient.signal),
      ask("third.test", wanted),
    ]);
    await turn();
    impatient.abort();
    answer(0, FOUND);
    await turn();
    expect(asked).toEqual(["first.test", "third.test"]);
    answer(1, FOUND);
    expect(await all).toEqual([FOUND.result, unanswered, FOUND.result]);
  });

  test("the system resolver is not asked for names that the name servers can resolve", async () => {
    const backends: string[] = [];
    const { ask } = new NameService(
      (_, backend) => {
        backends.push(backend);
        return Promise.resolve({ result: absent, isRefused: false });
      },
      "c-ares",
      "/nowhere/resolv.conf",
    );
    expect(await ask("absent.test", wanted)).toEqual(absent);
    expect(backends).toEqual(["c-ares"]);
  });
});

describe("name servers that do not respond", () => {
  const unreachable = { kind: "unreachable", shortage: { kind: "shortage", resource: "name-servers" } };

  test("a lookup reports a shortage if no name server can be reached and the system resolver fails too", async () => {
    const lookUpBy: LookUpFunction = (_, backend) =>
      Promise.resolve(
        backend === "system"
          ? { result: unanswered, isRefused: false }
          : { result: unanswered, isRefused: true, silence: "unreached" },
      );
    const { ask } = new NameService(lookUpBy, "c-ares", "/nowhere/resolv.conf");
    expect(await ask("a.test", wanted)).toMatchObject(unreachable);
  });

  test("a refused connection to a name server is reported as such", async () => {
    setServers(["127.0.0.1:1"]);
    try {
      expect(await lookUp("four.test.", "c-ares")).toEqual({
        result: unanswered,
        isRefused: true,
        silence: "unreached",
      });
    } finally {
      setServers([server.address]);
    }
  });

  /** Returns a name service whose lookups end only when the test ends them. */
  function hangingWorld() {
    const lookups = new Map<string, (reply: LookupReply) => void>();
    const began = Promise.withResolvers<void>();
    const lookUpBy: LookUpFunction = (host) => {
      if (host.endsWith(".invalid.")) began.resolve();
      return new Promise((resolve) => lookups.set(host, resolve));
    };
    const service = new NameService(lookUpBy, "c-ares", "/nowhere/resolv.conf");
    return { service, end: (host: string, reply: LookupReply) => lookups.get(host)!(reply), probed: began.promise };
  }
  const TIMEOUT: LookupReply = { result: unanswered, isRefused: false, silence: "timeout" };
  const PROBE = "boathook-probe.invalid.";

  test("a lookup that hangs counts as unanswered if the name servers respond to the probe", async () => {
    const { service, end, probed } = hangingWorld();
    const asked = service.ask("a.test", wanted);
    await probed;
    expect(service.isSilent()).toBe(true);
    end(PROBE, { result: absent, isRefused: false });
    await Promise.resolve();
    end("a.test", TIMEOUT);
    expect(await asked).toEqual(unanswered);
    expect(service.isSilent()).toBe(false);
  });

  test("a lookup that hangs while no name server responds is reported as a shortage", async () => {
    const { service, end, probed } = hangingWorld();
    const asked = service.ask("a.test", wanted);
    await probed;
    end("a.test", TIMEOUT);
    expect(await asked).toMatchObject(unreachable);
    end(PROBE, TIMEOUT);
    await Promise.resolve();
    expect(service.isSilent()).toBe(true);
  });

  test("the probe's query reaches the name servers", async () => {
    const { length } = server.asked;
    await lookUp(PROBE, "c-ares");
    expect(server.asked.slice(length)).toContain("boathook-probe.invalid");
  });
});
