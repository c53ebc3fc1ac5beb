import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Api } from "../../src/apply/api.ts";
import { apply } from "../../src/apply/apply.ts";
import { exported, withEscapes, yamlOf } from "../../src/apply/export.ts";
import { endpointsPath, KINDS, pathTo, topKinds } from "../../src/apply/kinds.ts";
import { readConfiguration } from "../../src/apply/wanted.ts";
import { apiOf } from "../support/api-client.ts";
import { clientOf, freshUid, type Send } from "../support/client.ts";
import { configuration, withSecrets } from "../support/configuration.ts";
import { startServer, type TestServer } from "../support/server.ts";

const RUNS = 20;

type Json = Readonly<Record<string, unknown>>;
type Entries = readonly Json[];

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
});
afterAll(() => server.stop());

async function emptyEnvironment(): Promise<Api> {
  const { status, json } = await send("POST", "/management/environment", {
    name: freshUid("environment"),
    type: "development",
  });
  if (status !== 201) throw new Error(JSON.stringify(json));
  return apiOf(send, json.id);
}

/** Creates things as clients of the API do. Payload versions come in their order. */
async function fill(api: Api, file: Readonly<Record<string, Entries>>): Promise<void> {
  for (const kind of topKinds) {
    const { list, path, identity } = KINDS[kind];
    const entries =
      kind === "payloadVersion" ? file[list]!.toSorted((a, b) => (a.version! < b.version! ? -1 : 1)) : file[list]!;
    for (const { endpoints = [], ...fields } of entries as readonly (Json & { endpoints?: Entries })[]) {
      await api.post(path, fields);
      for (const endpoint of endpoints)
        await api.post(endpointsPath(pathTo(path, fields[identity] as string)), endpoint);
    }
  }
}

async function applied(api: Api, text: string) {
  const file = await readConfiguration(text, "file.yaml", {});
  const lines: string[] = [];
  const { summary } = await apply(api, file, {
    ...{ isDryRun: false, prunes: true },
    changed: ({ action, kind, id, fields }) => lines.push(`${action} ${kind} ${id} ${fields}`),
  });
  return { summary, lines };
}

const yamlFrom = async (api: Api) => yamlOf((await exported(api, true)).file);
const jsonFrom = async (api: Api) => JSON.stringify(withEscapes((await exported(api, true)).file));

describe("export and apply", () => {
  test("the export of any configuration gives an empty server the same configuration, and then changes nothing", async () => {
    await fc.assert(
      fc.asyncProperty(configuration, async (file) => {
        const [first, second] = [await emptyEnvironment(), await emptyEnvironment()];
        await fill(first, file);
        const text = await yamlFrom(first);
        const { summary } = await applied(second, withSecrets(text));
        expect(summary).toMatchObject({ updated: 0, deleted: 0, unchanged: 0 });
        expect(await yamlFrom(second)).toBe(text);
        const json = await jsonFrom(second);
        for (const again of [text, withSecrets(text), json, withSecrets(json)]) {
          expect(await applied(second, again)).toMatchObject({ lines: [], summary: { unchanged: summary.created } });
        }
      }),
      { numRuns: RUNS },
    );
  }, 300_000);
});
