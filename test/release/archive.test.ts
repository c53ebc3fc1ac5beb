import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { crc32, inflateRawSync } from "node:zlib";
import { which } from "bun";
import { type TarEntry, tar } from "../../scripts/archive/tar.ts";
import { zip } from "../../scripts/archive/zip.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const AT = Date.UTC(2026, 10, 29, 11, 41, 38) / 1000;

const entries: readonly TarEntry[] = [
  { path: "a/program", mode: 0o755, content: Buffer.from("program".repeat(1000)) },
  { path: "a/empty", mode: 0o644 },
  { path: "a/block", mode: 0o600, content: Buffer.alloc(512, 1) },
];

function output(...command: string[]): string {
  const { success, stdout, stderr } = Bun.spawnSync(command, {
    env: { PATH: process.env.PATH!, TZ: "UTC", LANG: "C" },
  });
  if (!success) throw new Error(`${command.join(" ")}: ${stderr}`);
  return stdout.toString();
}

describe("a tar archive", () => {
  test.skipIf(which("tar") === null)(
    "a tar archive is read by tar with the modes, owners and times of its files",
    () => {
      using dir = temporaryDirectory();
      const withDirectory = [{ path: "a/", mode: 0o700, owner: 65_532 }, ...entries];
      writeFileSync(dir.file("a.tar"), tar(withDirectory, AT));
      const list = output("tar", "tvf", dir.file("a.tar"), "--numeric-owner", "--full-time").trim().split("\n");
      expect(list.map((line) => line.replace(/\s+/g, " "))).toEqual([
        "drwx------ 65532/65532 0 2026-11-29 11:41:38 a/",
        "-rwxr-xr-x 0/0 7000 2026-11-29 11:41:38 a/program",
        "-rw-r--r-- 0/0 0 2026-11-29 11:41:38 a/empty",
        "-rw------- 0/0 512 2026-11-29 11:41:38 a/block",
      ]);
      mkdirSync(dir.file("to"));
      output("tar", "xf", dir.file("a.tar"), "-C", dir.file("to"), "--no-same-owner");
      expect(output("cat", dir.file("to/a/program"))).toBe("program".repeat(1000));
    },
  );

  test("a tar archive has the same bytes each time, and refuses a path that does not fit", () => {
    expect(tar(entries, AT)).toEqual(tar(entries, AT));
    expect(() => tar([{ path: "a".repeat(101), mode: 0o644 }], AT)).toThrow("too long");
  });
});

describe("a zip archive", () => {
  test("a zip archive has the content of its files at the places that its directory names", () => {
    const archive = Buffer.from(zip(entries, AT));
    const end = archive.length - 22;
    expect(archive.readUInt32LE(end)).toBe(0x06054b50);
    let at = archive.readUInt32LE(end + 16);
    for (const { path, mode, content = Buffer.alloc(0) } of entries) {
      const local = archive.readUInt32LE(at + 42);
      const [deflated, nameBytes] = [archive.readUInt32LE(at + 20), archive.readUInt16LE(at + 28)];
      expect(archive.toString("utf8", at + 46, at + 46 + nameBytes)).toBe(path);
      expect((archive.readUInt32LE(at + 38) >>> 16) & 0o777).toBe(mode);
      expect(archive.readUInt32LE(at + 16)).toBe(crc32(content));
      const start = local + 30 + nameBytes;
      expect(inflateRawSync(archive.subarray(start, start + deflated))).toEqual(Buffer.from(content));
      at += 46 + nameBytes;
    }
    expect(at).toBe(end);
  });

  test.skipIf(which("python3") === null)("a zip archive is read by another program", () => {
    using dir = temporaryDirectory();
    writeFileSync(dir.file("a.zip"), zip(entries, AT));
    const script =
      "import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nprint(z.testzip(),[(i.filename,i.date_time) for i in z.infolist()])";
    const time = "(2026, 11, 29, 11, 41, 38)";
    expect(output("python3", "-c", script, dir.file("a.zip")).trim()).toBe(
      `None [('a/program', ${time}), ('a/empty', ${time}), ('a/block', ${time})]`,
    );
  });
});
