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
      expect(surplusBackups([name], 0, AT)).toEqual([]);
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
    const now = Date.UTC(2026, 0, 4);
    expect(surplusBackups([...names, "notes.txt"], 2, now)).toEqual([names[1]!, names[3]!]);
    expect(newestBackup(names, now)).toBe(now);
    expect(newestBackup(["notes.txt"], now)).toBe(null);
  });

  test("backups from before the clock was set back delay no backup, and displace none", () => {
    const [now, day] = [Date.UTC(2026, 0, 3), 86_400_000];
    const future = ["boathook-20990101T000000Z.bak", "boathook-20990102T000000Z.bak"];
    const past = [backupName(now - day), backupName(now)];
    expect(nextBackupAt(newestBackup(future, now), day, now)).toBe(now);
    expect(newestBackup([...future, ...past], now)).toBe(now);
    expect(surplusBackups([...future, ...past], 1, now)).toEqual([past[0]!]);
  });

  test("a backup is due an interval after the newest, and now without one", () => {
    expect(nextBackupAt(null, 100, 5000)).toBe(5000);
    expect(nextBackupAt(4950, 100, 5000)).toBe(5050);
  });
});
