import { describe, expect, test } from "bun:test";
import {
  backupName,
  backupTime,
  isPartialBackup,
  newestBackup,
  nextBackupAt,
  surplusBackups,
} from "../../src/core/backup-name.ts";

const AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const NAME = "boathook-20260102T030405Z.bak";

describe("names of scheduled backups", () => {
  test("the name contains the time in whole seconds, and the time is read back from it", () => {
    expect(backupName(AT)).toBe(NAME);
    expect(backupTime(NAME)).toBe(AT - 678);
  });

  const foreign = [
    "boathook.bak",
    "boathook-20261302T030405Z.bak",
    `${NAME}.tmp`,
    `x${NAME}`,
    "boathook-schema-7.bak",
    "",
  ];
  for (const name of foreign) {
    test(`"${name}" is not taken for a complete scheduled backup`, () => {
      expect(backupTime(name)).toBe(null);
      expect(surplusBackups([name], 0)).toEqual([]);
    });
  }

  test("only the leftovers of a scheduled backup are partial backups", () => {
    expect([`${NAME}.tmp`, `${NAME}.tmp-wal`, NAME, "mine.tmp"].map(isPartialBackup)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test("the newest backups are kept, whatever the order of the names", () => {
    const names = [3, 1, 4, 2].map((day) => backupName(Date.UTC(2026, 0, day)));
    expect(surplusBackups([...names, "notes.txt"], 2)).toEqual([names[1]!, names[3]!]);
    expect(newestBackup(names)).toBe(Date.UTC(2026, 0, 4));
    expect(newestBackup(["notes.txt"])).toBe(null);
  });

  test("a backup is due an interval after the newest, now without one, and never later than an interval from now", () => {
    expect(nextBackupAt(null, 100, 5000)).toBe(5000);
    expect(nextBackupAt(4950, 100, 5000)).toBe(5050);
    expect(nextBackupAt(9000, 100, 5000)).toBe(5100);
  });
});
