import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { guidePages } from "../../../src/api/guide/chapters.ts";
import { isFromReadme } from "../../../src/api/guide/readme-texts.ts";
import { pageText, textPages } from "../../../src/api/guide/text-pages.ts";
import { ROOT } from "../../support/binary.ts";
import { guidePageNames, guideText } from "../../support/guide.ts";
import { readReadme } from "../../support/readme.ts";

/** Checks the guide's pages against each other and against the tests. */

/** The test of each row in the table of faults: its file and a part of its name. */
const FAULT_TESTS: Readonly<Record<string, readonly [file: string, name: string]>> = {
  "SIGTERM or SIGINT": ["binary/process", "a server that is asked to stop finishes its attempts, stores the results"],
  "second SIGTERM or SIGINT": ["binary/process", "a second request to stop ends the server immediately"],
  SIGHUP: ["binary/signal", "SIGHUP with invalid settings changes nothing and logs the reason"],
  "SIGKILL, or a crash": ["binary/durability", "killing the process under load loses no accepted message"],
  "power failure": ["binary/power-cut", "a power cut under load loses no acknowledged message"],
  "full disk": ["binary/full-disk", "while the disk is full, sending a message returns 503 and reads work"],
  "read-only file system": ["binary/fault", "while the file system is read-only, changes get 503 and reads work"],
  "clock set back": ["engine/clock", "no retry comes earlier than scheduled after the clock was set back"],
  "clock set forward": [
    "engine/clock",
    "scheduled messages that become due because the clock was set forward are sent",
  ],
  "no name server responds": ["binary/names", "messages wait without an attempt while no name server can be reached"],
  "more code of transformations waits than the sandbox runs": [
    "targets/transformed",
    "a delivery waits without an attempt while too many transformations wait",
  ],
  "other programs use all processors": ["binary/fault", "while other programs use all processors, every message is"],
  "no free file descriptors": ["binary/shortage", "messages wait while no file descriptor is free"],
  "too many client connections": ["binary/connection-limit", "while clients hold all connections that they get"],
  "receivers hang": ["binary/fairness", "a healthy endpoint is served while more endpoints hang than there are slots"],
  "replica gone": ["binary/fault", "for the replica is reported, and messages are accepted and delivered"],
  "replica directory renamed or replaced; bucket used by another server": [
    "binary/replica-directory",
    "a replica directory that is renamed is reported although nothing is committed",
  ],
  "PostgreSQL is away or suspended (`store`)": [
    "binary/postgres-outage",
    "while PostgreSQL is away, the health is failing and the metrics have only what needs no database",
  ],
  "an instance on PostgreSQL is killed or suspended": [
    "binary/instances",
    "that are killed, suspended and stopped, and whose database crashes, lose no message",
  ],
  "disk full during a backup": ["binary/full-backup-disk", "a backup whose disk fills up fails with one sentence"],
  "backup directory gone": ["binary/fault", "for backups is created again; without its parent, backups fail"],
};

/** Returns a text without its blocks of code and its comments. */
function prose(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, "").replace(/^\[\/\/\].*$/gm, "");
}

/** Returns the anchors of the headings in a text, as GitHub and the server make them. */
function anchorsIn(text: string): string[] {
  return [...prose(text).matchAll(/^##+ (.*)$/gm)].map(([, heading]) => heading!.toLowerCase().replaceAll(" ", "-"));
}

describe("the guide", () => {
  test("the guide lists every page that is written", () => {
    const names = textPages.map(({ name }) => name).filter((name) => !isFromReadme(name));
    expect(names.sort()).toEqual(guidePageNames().sort());
  });

  test("the guide begins each page with its title in the list", async () => {
    for (const { name, title } of textPages) {
      expect({ name, heading: pageText(name).split("\n")[0] }).toEqual({ name, heading: `# ${title}` });
    }
  });

  test("links of the guide lead to its own pages, to their sections and to other sites over https", () => {
    const sections = new Map(guidePages.map(({ name }) => [name, new Set<string>()]));
    for (const { name } of textPages) for (const anchor of anchorsIn(pageText(name))) sections.get(name)!.add(anchor);
    for (const { name } of textPages) {
      for (const [link, target] of prose(pageText(name)).matchAll(/\]\(([^)]*)\)/g)) {
        const [page, anchor] = target!.split("#") as [string, string?];
        const known = sections.get(page === "" ? name : page);
        const isKnown =
          target!.startsWith("https://") || (known !== undefined && (anchor === undefined || known.has(anchor)));
        expect({ name, link, isKnown }).toEqual({ name, link, isKnown: true });
      }
    }
  });

  test("links of the guide's files lead to files, and to sections of the README", async () => {
    const headings = anchorsIn(await readReadme());
    for (const page of guidePageNames()) {
      for (const [link, target] of prose(await guideText(page)).matchAll(/\]\(((?!https:)[^)]*)\)/g)) {
        const [file, anchor] = target!.split("#") as [string, string?];
        const isFile = existsSync(join(ROOT, "web/guide/pages", file)) && file !== "";
        const isKnown = isFile && (anchor === undefined || headings.includes(anchor));
        expect({ page, link, isKnown }).toEqual({ page, link, isKnown: true });
      }
    }
  });

  test("the guide shows sections of the README without the comments that mark their parts", () => {
    const settings = pageText("settings");
    expect(settings).toStartWith("# Settings\n\nEach setting is a flag");
    expect(settings).toContain("| `backlog-threshold` |");
    for (const { name } of textPages)
      expect({ name, hasComment: pageText(name).includes("<!--") }).toMatchObject({ hasComment: false });
  });

  test("the guide is linked from the README, whose links to files lead to files", async () => {
    const readme = await readReadme();
    const files = [...readme.matchAll(/\]\(((?!https?:|#)[^)]*)\)/g)].map(([, file]) => file!);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    const linked = files
      .map((file) => /^web\/guide\/pages\/(.*)\.md$/.exec(file)?.[1])
      .filter((name) => name !== undefined);
    expect([...new Set([...linked, "changelog"])].sort()).toEqual(guidePageNames().sort());
  });

  test("the guide has a test for each row of the table of faults", async () => {
    const table = (await guideText("faults")).split("\n").filter((line) => line.startsWith("| "));
    const rows = table.slice(2).map((line) => line.split(" | ")[0]!.slice(2));
    expect(rows).toEqual(Object.keys(FAULT_TESTS));
    for (const [row, [file, name]] of Object.entries(FAULT_TESTS)) {
      const source = await Bun.file(join(ROOT, "test", `${file}.test.ts`)).text();
      expect({ row, hasTest: source.includes(name) }).toEqual({ row, hasTest: true });
    }
  });
});
