import { describe, expect, test } from "bun:test";
import { type ServerReading, serverFindings } from "../../src/doctor/server.ts";
import { isServerReport, type ServerReport } from "../../src/doctor/server-report.ts";

const NOW = Date.UTC(2026, 5, 1);
const at = (ms: number) => new Date(NOW - ms).toISOString();

type System = ServerReport["system"];
type EnvironmentReport = ServerReport["environments"][number];

const system: System = {
  version: "1.0.0",
  settings: [],
  store: {
    ...{ schemaVersion: 30, failing: false, damaged: false, diskFreeBytes: 4_000_000_000 },
    commits: { count: 10, p99Ms: 3.2 },
  },
  backups: null,
  clock: { doubtedSince: null },
  openFiles: { open: 20, max: 1024 },
  delivery: { state: "running", heldSince: null, oldestDueAt: null },
};
const replica = { location: "/replica", state: "ok", reason: null, lagMs: 9000, refusesMessages: false };
const instances = [{ alive: true, delivers: true, lanes: 1, self: true }];
const environment: EnvironmentReport = {
  ...{ name: "default", pausedAt: null, pending: 0, deadLetters: 0 },
  endpoints: { failing: 0, disabled: 0 },
};

function found(changed: Partial<System>, changedEnvironment: Partial<EnvironmentReport> = {}) {
  const report = {
    system: { ...system, ...changed },
    environments: [environment, { ...environment, ...changedEnvironment }],
  };
  return of({ kind: "report", report });
}

function of(reading: ServerReading): string[] {
  const findings = serverFindings({ url: "http://h", reading, version: "1.0.0", backlogThresholdMs: 300_000 }, NOW);
  return findings.filter(({ level }) => level !== "ok").map(({ level, name }) => `${level} ${name}`);
}

describe("findings about a running server", () => {
  const cases: ReadonlyArray<
    readonly [what: string, system: Partial<System>, environment: Partial<EnvironmentReport>, found: readonly string[]]
  > = [
    ["a healthy server has none", {}, {}, []],
    ["a server of another version is a warning", { version: "1.1.0" }, {}, ["warn server-version"]],
    ["a store that fails fails", { store: { ...system.store, failing: true } }, {}, ["fail server-store"]],
    [
      "a certificate that ends within two weeks is a warning",
      { certificates: { server: null, client: at(-13 * 86_400_000), ca: at(-90 * 86_400_000) } },
      {},
      ["warn server-certificates"],
    ],
    [
      "certificates that end later are no trouble",
      { certificates: { server: at(-15 * 86_400_000), client: null, ca: null } },
      {},
      [],
    ],
    ["instances that serve all lanes are no trouble", { database: { instances, unservedLanes: 0 } }, {}, []],
    [
      "lanes that no instance serves fail",
      { database: { instances, unservedLanes: 0.1 } },
      {},
      ["fail server-instances"],
    ],
    ["damaged data fails", { store: { ...system.store, damaged: true } }, {}, ["fail server-store"]],
    [
      "slow commits are a warning",
      { store: { ...system.store, commits: { count: 9, p99Ms: 900 } } },
      {},
      ["warn server-commits"],
    ],
    ["no commits are no trouble", { store: { ...system.store, commits: { count: 0, p99Ms: null } } }, {}, []],
    [
      "held deliveries are a warning",
      { delivery: { state: "held", heldSince: at(1000), oldestDueAt: null } },
      {},
      ["warn server-delivery"],
    ],
    ["a paused environment is a warning", {}, { pausedAt: at(1000) }, ["warn server-delivery"]],
    [
      "an old backlog is a warning",
      { delivery: { state: "running", heldSince: null, oldestDueAt: at(400_000) } },
      { pending: 7 },
      ["warn server-backlog"],
    ],
    [
      "a young backlog has none",
      { delivery: { state: "running", heldSince: null, oldestDueAt: at(1000) } },
      { pending: 7 },
      [],
    ],
    ["failing endpoints are a warning", {}, { endpoints: { failing: 2, disabled: 1 } }, ["warn server-endpoints"]],
    ["dead letters are a warning", {}, { deadLetters: 1 }, ["warn server-dead-letters"]],
    ["a failed backup is a warning", { backups: { isOverdue: false, reason: "No room." } }, {}, ["warn server-backup"]],
    ["an overdue backup is a warning", { backups: { isOverdue: true, reason: null } }, {}, ["warn server-backup"]],
    ["a replica that has all commits is no trouble", { replica }, {}, []],
    [
      "a replica that is behind is a warning",
      { replica: { ...replica, state: "behind" } },
      {},
      ["warn server-replica"],
    ],
    ["a replica that failed is a warning", { replica: { ...replica, state: "failed" } }, {}, ["warn server-replica"]],
    [
      "a replica because of which messages are refused fails",
      { replica: { ...replica, state: "failed", refusesMessages: true } },
      {},
      ["fail server-replica"],
    ],
    ["a doubted clock is a warning", { clock: { doubtedSince: at(1000) } }, {}, ["warn server-clock"]],
    ["nearly all files open are a warning", { openFiles: { open: 1000, max: 1024 } }, {}, ["warn server-resources"]],
  ];
  test.each(cases)("%s", (_, changed, changedEnvironment, expected) => {
    expect(found(changed, changedEnvironment)).toEqual([...expected]);
  });

  test("a server that is one of several shards is called by its name", () => {
    const textFor = (settings: ServerReport["system"]["settings"]) => {
      const reading = { kind: "report", report: { system: { ...system, settings }, environments: [] } } as const;
      const facts = { url: "http://h", reading, version: "1.0.0", backlogThresholdMs: 300_000 };
      return serverFindings(facts, NOW)[0]!.detail;
    };
    expect(textFor([{ name: "shard", value: "eu1" }])).toBe("The shard eu1 at http://h is running.");
    expect(textFor([{ name: "shard", value: null }])).toBe("The server at http://h is running.");
  });

  test("a server that gives no report fails", () => {
    expect(of({ kind: "unreachable", reason: "refused" })).toEqual(["fail server"]);
    expect(of({ kind: "refused", status: 403 })).toEqual(["fail server"]);
    expect(of({ kind: "refused", status: 500 })).toEqual(["fail server"]);
    expect(of({ kind: "other" })).toEqual(["fail server"]);
  });

  test("a response that lacks fields of a report, as that of another version may, is no report", () => {
    const report = { system, environments: [environment] };
    expect(isServerReport(report)).toBeTrue();
    const others: readonly unknown[] = [
      ...[null, "text", [], {}, { ...report, system: null }, { ...report, environments: [null] }],
      { ...report, environments: [{ ...environment, endpoints: undefined }] },
      { ...report, system: { ...system, store: { ...system.store, commits: undefined } } },
      { ...report, system: { ...system, delivery: 7 } },
    ];
    for (const other of others) expect(isServerReport(other)).toBeFalse();
  });
});
