import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../support/binary.ts";
import { guideBlocks, guidePageNames, guideText } from "../support/guide.ts";
import { type GuidePlace, guidePlace } from "../support/guide-place.ts";
import { type Example, examplesIn } from "../support/readme.ts";

/**
 * Runs the commands of the guide's pages whose servers need no preparation, or little, and checks that
 * no command of the guide is left out.
 */

setDefaultTimeout(60_000);

/** What a page needs before its commands can be run in order. */
const PREPARED: Readonly<Record<string, (at: GuidePlace) => Promise<unknown>>> = {
  backup: async () => {},
  security: async () => {},
  faults: async () => {},
  sources: async () => {},
  "dead-letters": async () => {},
  access: async () => {},
  // The copy before an upgrade is a backup, and this version has nothing to upgrade.
  upgrade: (at) => at.shell("boathook backup data/boathook-schema-41.bak --data-dir data"),
};

/** The tests that run all examples (`$ …`) of the other pages. */
const EXAMPLES_RUN_BY: Readonly<Record<string, string>> = {
  postgres: "guide-postgres",
  "command-line": "guide-command-line",
  configuration: "guide-configuration",
  doctor: "guide-operating",
  outbox: "guide-outbox",
  batches: "guide-batches",
  "broker-sources": "guide-broker-sources",
  filters: "guide-filters",
  keys: "guide-operating",
  limits: "guide-limits",
  metrics: "guide-operating",
  moving: "guide-operating",
  notices: "guide-notices",
  outgoing: "guide-outgoing",
  replica: "guide-operating",
  sizing: "bench-command",
  shards: "guide-shards",
  functions: "guide-functions",
  streams: "guide-streams",
  "thin-events": "guide-thin-events",
  transformations: "guide-transformations",
  transports: "guide-transports",
  versions: "guide-versions",
};

/** The first lines of blocks of shell commands, with the test that runs them or the reason why none does. */
const BLOCKS: Readonly<Record<string, { readonly runBy: string } | { readonly notRun: string }>> = {
  "sha256sum --check --ignore-missing SHA256SUMS": { runBy: "guide-running" },
  "curl --unix-socket /run/boathook/boathook.sock http://localhost/api/v1/health": { runBy: "guide-running" },
  "useradd --system --home-dir /var/lib/boathook --shell /usr/sbin/nologin boathook": {
    notRun: "It adds a user and a unit to the machine. `service-manager.test.ts` tests the unit and its protocol.",
  },
  "docker load -i dist/boathook-0.1.0-image-x64.tar": {
    notRun: "It needs Docker. `image.test.ts` tests the image.",
  },
  'export BOATHOOK_TOKEN="$(cat eu1-root-token)" BOATHOOK_TARGET_TOKEN="$(cat eu2-root-token)"': {
    notRun: "It needs two servers. `move-app.test.ts` tests the command.",
  },
  'certbot renew --deploy-hook "systemctl reload boathook"': {
    notRun: "It needs a public domain. `own-tls.test.ts` tests the reload.",
  },
  'BOATHOOK_OTLP_HEADERS="authorization=Bearer%20TOKEN" boathook serve --otlp-endpoint http://127.0.0.1:4318': {
    notRun: "It runs until it is stopped. `trace.test.ts` tests the settings.",
  },
  "boathook apply boathook.yaml --dry-run   # for a pull request": {
    notRun: "It shows where the commands of the examples belong.",
  },
  "SVIX_TOKEN=… boathook import svix https://api.us.svix.com --dry-run": {
    notRun: "It needs a server of Svix. `import.test.ts` tests the command.",
  },
  "CONVOY_API_KEY=… boathook import convoy https://us.getconvoy.cloud --project 01H0JA5MEES38RRK3HTEJC647K": {
    notRun: "It needs a server of Convoy. `import.test.ts` tests the command.",
  },
  "export BOATHOOK_STORE=postgres://boathook:change-me@127.0.0.1:5432/hooks": { runBy: "guide-postgres" },
  "createdb --owner=boathook --encoding=UTF8 --template=template0 restored": { runBy: "guide-postgres" },
  "boathook export --server http://127.0.0.1:8071 --with-secrets > configuration.yaml": { runBy: "guide-postgres" },
  "systemctl stop boathook": {
    notRun: "It needs systemd and a later release. `upgrade.test.ts` tests upgrades.",
  },
};

const withoutNumbers = (text: string) => text.replace(/\d{4}-\d\d-\d\dT\S+Z|\d+/g, "N");

describe("the commands of the guide", () => {
  for (const [page, prepare] of Object.entries(PREPARED)) {
    test(`of the page ${page} succeed and print what is shown there`, async () => {
      await using at = await guidePlace();
      await prepare(at);
      const examples = examplesIn(await guideText(page));
      expect(examples.length).toBeGreaterThan(0);
      for (const { command, output } of examples) {
        const { code, stdout } = await at.shell(command);
        expect({ command, code }).toEqual({ command, code: 0 });
        if (output !== "") expect(withoutNumbers(stdout)).toBe(withoutNumbers(output));
      }
    });
  }

  test("are each run by a test, or are excepted for a reason", async () => {
    const blocks: string[] = [];
    const pagesWithExamples: string[] = [];
    for (const page of guidePageNames()) {
      blocks.push(...(await guideBlocks(page, "sh")).map((block) => block.split("\n")[0]!));
      const examples: readonly Example[] = examplesIn(await guideText(page));
      if (examples.length > 0) pagesWithExamples.push(page);
      for (const language of ["bash", "shell"]) expect(await guideBlocks(page, language)).toEqual([]);
    }
    expect(blocks.sort()).toEqual(Object.keys(BLOCKS).sort());
    expect(pagesWithExamples.sort()).toEqual([...Object.keys(PREPARED), ...Object.keys(EXAMPLES_RUN_BY)].sort());
    const tests = readdirSync(join(ROOT, "test/binary"));
    const named = Object.values(BLOCKS).flatMap((block) => ("runBy" in block ? [block.runBy] : []));
    for (const name of [...named, ...Object.values(EXAMPLES_RUN_BY)]) expect(tests).toContain(`${name}.test.ts`);
    for (const [page, name] of Object.entries(EXAMPLES_RUN_BY)) {
      const source = await Bun.file(join(ROOT, `test/binary/${name}.test.ts`)).text();
      expect({ page, isRead: source.includes(`"${page}"`) || source.includes(`${page}.md`) }).toEqual({
        page,
        isRead: true,
      });
    }
  });
});
