import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Api } from "../../src/apply/api.ts";
import { apply } from "../../src/apply/apply.ts";
import { NO_TRANSFORMATION } from "../../src/apply/compare.ts";
import { exported, withEscapes, yamlOf } from "../../src/apply/export.ts";
import type { Json } from "../../src/apply/json.ts";
import { endpointsPath, KINDS, type Kind, pathTo, topKinds } from "../../src/apply/kinds.ts";
import { readConfiguration } from "../../src/apply/wanted.ts";
import { defaultDeduplication } from "../../src/commands/source-settings.ts";
import { IdCodec } from "../../src/core/id.ts";
import { makeEnvironmentApi } from "../support/api-client.ts";
import { clientOf, type Send } from "../support/client.ts";
import { configuration, withSecrets } from "../support/configuration.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { similarConfiguration } from "../support/similar-configuration.ts";

const RUNS = 12;

type Entries = readonly Json[];

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
});
afterAll(() => server.stop());

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
  test("the random configurations have every field that the API takes", () => {
    const found = new Map<Kind, Set<string>>([...topKinds, "endpoint" as const].map((kind) => [kind, new Set()]));
    for (const file of fc.sample(configuration, { numRuns: 300, seed: 1 })) {
      for (const kind of topKinds) {
        for (const entry of file[KINDS[kind].list as keyof typeof file] as Entries) {
          for (const name of Object.keys(entry)) found.get(kind)!.add(name);
          for (const endpoint of (entry.endpoints ?? []) as Entries) {
            for (const name of Object.keys(endpoint)) found.get("endpoint")!.add(name);
          }
        }
      }
    }
    for (const [kind, names] of found) {
      const fields = Object.entries(KINDS[kind].fields).filter(
        ([, { traits, aliasOf }]) => traits.create !== "no" && aliasOf === undefined,
      );
      const all = fields.map(([name, { traits }]) => traits.json ?? name);
      // The signing secrets are those that the server generates.
      expect([kind, all.filter((name) => name !== "secret" && !names.has(name))]).toEqual([kind, []]);
    }
  });

  test("the export of any configuration gives an empty server the same configuration, and then changes nothing", async () => {
    await fc.assert(
      fc.asyncProperty(configuration, async (file) => {
        const [first, second] = [await makeEnvironmentApi(send), await makeEnvironmentApi(send)];
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
      { numRuns: RUNS, interruptAfterTimeLimit: 200_000 },
    );
  }, 300_000);

  test("any configuration can be changed into any other with --prune, and then nothing is left to change", async () => {
    await fc.assert(
      fc.asyncProperty(similarConfiguration, similarConfiguration, async (before, after) => {
        const [changed, model] = [await makeEnvironmentApi(send), await makeEnvironmentApi(send)];
        await fill(changed, before);
        await fill(model, { ...after, payloadVersions: withAll(before.payloadVersions, after.payloadVersions) });
        const { file } = await exported(model, true);
        const whole = withSecrets(yamlOf(withDefaults(file)));
        await applied(changed, whole);
        expect(withoutVersions(await yamlFrom(changed))).toBe(withoutVersions(yamlOf(file)));
        expect((await applied(changed, whole)).lines).toEqual([]);
      }),
      { numRuns: RUNS, interruptAfterTimeLimit: 200_000 },
    );
  }, 300_000);

  test("the export of an environment has every field of its event types and payload versions", async () => {
    await fc.assert(
      fc.asyncProperty(configuration, async (file) => {
        const [first, second] = [await makeEnvironmentApi(send), await makeEnvironmentApi(send)];
        await fill(first, { ...file, applications: [], sources: [] });
        await second.post("/api/v1/environment/import", (await first.post("/api/v1/environment/export", {})) as object);
        expect(await yamlFrom(second)).toBe(await yamlFrom(first));
      }),
      { numRuns: RUNS, interruptAfterTimeLimit: 200_000 },
    );
  }, 300_000);
});

/** A version to which an endpoint is pinned cannot be deleted, so the versions of before are kept. */
function withAll(before: Entries, after: Entries): Entries {
  return [...after, ...before.filter(({ version }) => !after.some((one) => one.version === version))];
}

/** Endpoints cannot go back to the form before the first payload version. */
function withoutVersions(yaml: string): string {
  return yaml.replace(/^ +apiVersion: .*\n/gm, "");
}

/** Returns an export with the defaults that it leaves out, so that every field is compared. */
function withDefaults(file: Json): Json {
  const whole = topKinds.map((kind) => {
    const entries = (file[KINDS[kind].list] as Entries).map((entry) => ({
      ...withOwnDefaults(kind, entry),
      ...(entry.endpoints !== undefined && {
        endpoints: (entry.endpoints as Entries).map((endpoint) => withOwnDefaults("endpoint", endpoint)),
      }),
    }));
    return [KINDS[kind].list, entries];
  });
  return Object.fromEntries(whole);
}

const ids = new IdCodec([0, 0, 0, 0]);

function withOwnDefaults(kind: Kind, entry: Json): Json {
  const defaults = Object.entries(KINDS[kind].fields).flatMap(([name, { traits, type, initial, aliasOf }]) => {
    const json = traits.json ?? name;
    const isSent = traits.create !== "no" && aliasOf === undefined && initial !== undefined;
    return isSent && !LEFT_OUT.has(json) ? [[json, type.format(initial, ids)] as const] : [];
  });
  const { apiVersion, ...rest } = { ...Object.fromEntries(defaults), ...entry } as Json;
  return {
    ...rest,
    ...(entry.transformation !== undefined && {
      transformation: { ...NO_TRANSFORMATION, ...(entry.transformation as Json) },
    }),
    ...(apiVersion != null && { apiVersion }),
    ...(kind === "source" && entry.deduplicate === undefined && { deduplicate: defaultDeduplication(`${entry.type}`) }),
  };
}

/** Fields whose default is not a value to send. The fields of `config` that are not sent are kept. */
const LEFT_OUT: ReadonlySet<string> = new Set(["uid", "secret", "apiVersion", "deduplicate", "config"]);
