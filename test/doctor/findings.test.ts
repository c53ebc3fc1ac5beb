import { describe, expect, test } from "bun:test";
import { backupName } from "../../src/core/backup-name.ts";
import { certificateFindings } from "../../src/doctor/certificate.ts";
import { type DirectoryFacts, directoryFindings } from "../../src/doctor/directory.ts";
import { failWith, findingLine, hasFailed, ok, warn } from "../../src/doctor/finding.ts";
import { type KeyFacts, keyFindings } from "../../src/doctor/key.ts";
import {
  backupFinding,
  type ConfigurationFacts,
  configurationFindings,
  filesFinding,
  resolverFinding,
} from "../../src/doctor/machine.ts";
import { type StoreFacts, storeFindings } from "../../src/doctor/store.ts";
import { bytesText, durationText } from "../../src/doctor/text.ts";

const NOW = Date.UTC(2026, 5, 1);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MIB = 1_048_576;

/** Returns the findings that are not `ok` as `level name`. */
function troubles(findings: ReturnType<typeof directoryFindings>): string[] {
  return findings.filter(({ level }) => level !== "ok").map(({ level, name }) => `${level} ${name}`);
}

const directory: DirectoryFacts = {
  path: "/data",
  kind: "directory",
  problem: null,
  self: { name: ".", mode: 0o700, uid: 7 },
  files: [
    { name: "boathook.db", mode: 0o600, uid: 7 },
    { name: "encryption.key", mode: 0o600, uid: 7 },
  ],
  isInUse: true,
  freeBytes: 4096 * MIB,
};

describe("findings about the certificate", () => {
  const valid = { problem: null, expiresAt: NOW + 60 * DAY, keyMode: 0o600 } as const;
  test.each([
    ["no certificate", null, []],
    ["a valid certificate", valid, []],
    ["a certificate that ends soon", { ...valid, expiresAt: NOW + 3 * DAY }, ["warn certificate"]],
    ["a key that others may read", { ...valid, keyMode: 0o640 }, ["warn tls-key"]],
    ["a wrong key", { problem: "The tls-key /k is wrong. Correct it." }, ["fail certificate"]],
  ] as const)("%s", (_, facts, found) => {
    expect(troubles(certificateFindings(facts, NOW))).toEqual([...found]);
  });
});

describe("findings about a directory", () => {
  const cases: ReadonlyArray<readonly [what: string, change: Partial<DirectoryFacts>, found: readonly string[]]> = [
    ["a usual directory has none", {}, []],
    ["a system without permissions and without a known lock has none", { isInUse: null, freeBytes: null }, []],
    ["a missing directory fails", { kind: "missing", self: null, files: [] }, ["fail data-dir"]],
    ["a file fails", { kind: "file", self: null, files: [] }, ["fail data-dir"]],
    ["a directory that cannot be read fails", { problem: "It cannot be read. Change it." }, ["fail data-dir"]],
    [
      "rights of others on the directory are a warning",
      { self: { name: ".", mode: 0o750, uid: 7 } },
      ["warn data-dir"],
    ],
    [
      "rights of others on a file are a warning",
      { files: [{ name: "encryption.key", mode: 0o604, uid: 7 }] },
      ["warn data-dir"],
    ],
    ["a file of another owner fails", { files: [{ name: "boathook.db-wal", mode: 0o600, uid: 0 }] }, ["fail owner"]],
    ["little space is a warning", { freeBytes: 1024 * MIB }, ["warn disk"]],
    ["almost no space fails", { freeBytes: 100 * MIB }, ["fail disk"]],
  ];
  test.each(cases)("%s", (_, change, found) => {
    expect(troubles(directoryFindings({ ...directory, ...change }))).toEqual([...found]);
  });

  test("the finding names at most three files", () => {
    const files = ["a", "b", "c", "d", "e"].map((name) => ({ name, mode: 0o644, uid: 7 }));
    expect(directoryFindings({ ...directory, files })[0]!.detail).toContain("(a, b, c, 2 more)");
  });
});

const store: StoreFacts = {
  problem: null,
  integrity: { check: "full", damage: null },
  schemaVersion: 30,
  newestSchema: 30,
  rulesMissing: 0,
  databaseBytes: 10 * MIB,
  walBytes: MIB,
  freeBytes: 4096 * MIB,
  newestAt: NOW - HOUR,
  clockTrust: null,
};

describe("findings about the database", () => {
  const doubted = { trustedAt: NOW - 9 * DAY, seenAt: NOW - HOUR, doubtedSince: NOW - HOUR };
  const cases: ReadonlyArray<readonly [what: string, change: Partial<StoreFacts>, found: readonly string[]]> = [
    ["a healthy database has none", {}, []],
    ["a database without rows has none", { newestAt: null }, []],
    ["a database that cannot be read fails", { problem: "It is locked. Unlock it." }, ["fail database"]],
    ["damage fails", { integrity: { check: "quick", damage: "page 3 is bad" } }, ["fail database"]],
    ["a check that was skipped is a warning", { integrity: { check: "skipped", damage: null } }, ["warn database"]],
    ["a newer schema fails", { schemaVersion: 31 }, ["fail schema"]],
    ["an older schema is a warning", { schemaVersion: 29, rulesMissing: 2 }, ["warn schema"]],
    ["rules that are not enforced are a warning", { rulesMissing: 1 }, ["warn rules"]],
    ["a long log is a warning", { walBytes: 300 * MIB }, ["warn wal"]],
    ["a clock behind the newest row is a warning", { newestAt: NOW + HOUR }, ["warn clock"]],
    ["a clock days ahead of the newest row is a warning", { newestAt: NOW - 2 * DAY }, ["warn clock"]],
    ["a clock that the server doubts is a warning", { clockTrust: doubted }, ["warn clock"]],
    [
      "a clock that the server trusts has none, although the newest row is old",
      { newestAt: NOW - 9 * DAY, clockTrust: { trustedAt: NOW - HOUR, seenAt: NOW - HOUR, doubtedSince: null } },
      [],
    ],
  ];
  test.each(cases)("%s", (_, change, found) => {
    expect(troubles(storeFindings({ ...store, ...change }, NOW))).toEqual([...found]);
  });

  test("an old schema without room for the copy asks for the room", () => {
    const [, schema] = storeFindings({ ...store, schemaVersion: 1, freeBytes: MIB }, NOW);
    expect(schema!.remedy).toBe("Free 10 MiB for the copy that it makes first.");
  });
});

describe("findings about the key", () => {
  const key: KeyFacts = {
    ...{ source: "file", fits: "yes", file: "/data/encryption.key", isRotating: false, hasOldKeys: false },
  };
  const cases: ReadonlyArray<readonly [what: string, change: Partial<KeyFacts>, found: readonly string[]]> = [
    ["a key file that fits has none", {}, []],
    ["a configured key that fits has none", { source: "setting" }, []],
    ["earlier keys that are kept have none", { hasOldKeys: true }, []],
    ["a key file of other data fails", { fits: "no" }, ["fail key"]],
    ["a configured key of other data fails", { source: "setting", fits: "no" }, ["fail key"]],
    ["a key from before a rotation is a warning", { source: "setting", fits: "old" }, ["warn key"]],
    ["a key that cannot be compared is a warning", { fits: null }, ["warn key"]],
    ["a missing key file fails", { source: "missing", fits: null }, ["fail key"]],
    ["a key file without a key fails", { source: "unusable", fits: null }, ["fail key"]],
    ["an unfinished rotation is a warning", { isRotating: true, hasOldKeys: true }, ["warn key-rotation"]],
  ];
  test.each(cases)("%s", (_, change, found) => {
    expect(troubles(keyFindings({ ...key, ...change }))).toEqual([...found]);
  });
});

describe("findings about the configuration and the machine", () => {
  const configuration: ConfigurationFacts = {
    problem: null,
    host: "127.0.0.1",
    hasPublicUrl: false,
    hasMetricsToken: false,
  };
  const cases: ReadonlyArray<readonly [what: string, change: Partial<ConfigurationFacts>, found: readonly string[]]> = [
    ["a server for this machine needs neither a public URL nor a token", {}, []],
    ["a public server needs both", { host: "0.0.0.0" }, ["warn public-url", "warn metrics"]],
    ["a public server that has both", { host: "::", hasPublicUrl: true, hasMetricsToken: true }, []],
    ["invalid settings fail", { problem: "--port must be a number." }, ["fail configuration"]],
  ];
  test.each(cases)("%s", (_, change, found) => {
    expect(troubles(configurationFindings({ ...configuration, ...change }))).toEqual([...found]);
  });

  test("scheduled backups must exist and be recent", () => {
    const levelOf = (directory: string | null, names: readonly string[] | null) =>
      backupFinding({ directory, everyMs: DAY, names }, NOW).level;
    expect(levelOf(null, null)).toBe("warn");
    expect(levelOf("/b", null)).toBe("warn");
    expect(levelOf("/b", ["other.txt"])).toBe("warn");
    expect(levelOf("/b", [backupName(NOW - 3 * DAY)])).toBe("warn");
    expect(levelOf("/b", [backupName(NOW - 3 * DAY), backupName(NOW - DAY)])).toBe("ok");
  });

  test("name servers that do not respond and few open files are warnings", () => {
    expect(resolverFinding({ servers: [], isResponding: true }).level).toBe("ok");
    expect(resolverFinding({ servers: ["192.0.2.1"], isResponding: false })).toMatchObject({
      level: "warn",
      detail: "The name servers 192.0.2.1 do not respond, so deliveries to host names wait.",
    });
    expect(
      [filesFinding(null, 256), filesFinding(20_000, 256), filesFinding(256, 256)].map(({ level }) => level),
    ).toEqual(["ok", "ok", "warn"]);
  });
});

describe("the form of a finding", () => {
  test("a line has the level, the name, the observation and the remedy", () => {
    expect(findingLine(warn("disk", "Little is free.", "Free some space."))).toBe(
      "warn  disk  Little is free. Free some space.",
    );
    expect(findingLine(ok("disk", "Enough\nis free."))).toBe("ok  disk  Enough is free.");
  });

  test("the first sentence of a message is the observation, and the rest is the remedy", () => {
    expect(failWith("key", "The file /a.b/c is bad. Restore it. Then start.")).toMatchObject({
      detail: "The file /a.b/c is bad.",
      remedy: "Restore it. Then start.",
    });
    expect(failWith("key", "--port must be 1; it is 2.")).toMatchObject({
      detail: "--port must be 1; it is 2.",
      remedy: null,
    });
  });

  test("only a failure makes the result a failure", () => {
    expect(hasFailed([ok("a", "A."), warn("b", "B.", "C.")])).toBeFalse();
    expect(hasFailed([failWith("a", "A.")])).toBeTrue();
  });

  test("findings of doctor have rounded sizes and durations", () => {
    expect([0, 1023, 1536, 15 * MIB, 3 * 1024 ** 4].map(bytesText)).toEqual([
      "0 B",
      "1023 B",
      "1.5 KiB",
      "15 MiB",
      "3.0 TiB",
    ]);
    expect([0, 61_000, HOUR, 3 * DAY].map(durationText)).toEqual(["0 seconds", "1 minute", "1 hour", "3 days"]);
  });
});
