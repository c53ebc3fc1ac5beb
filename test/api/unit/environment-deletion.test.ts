import { describe, expect, test } from "bun:test";
import { createContext } from "../../../src/api/http/context.ts";
import type { ApiDeps } from "../../../src/api/http/deps.ts";
import type { Call, Operation } from "../../../src/api/http/operation.ts";
import { applicationRoutes } from "../../../src/api/resources/application/routes.ts";
import { environmentRoutes } from "../../../src/api/resources/environment/routes.ts";
import type { Fact } from "../../../src/core/fact.ts";
import { Facts } from "../../../src/core/facts.ts";
import { IdCodec } from "../../../src/core/id.ts";
import { type Signal, Signals } from "../../../src/core/signal.ts";
import { systemClock } from "../../../src/edge/clock.ts";
import { openMemoryStore } from "../../../src/store/sqlite/index.ts";
import { Furnished } from "../../store/furnished.ts";
import { openedOnce } from "../../store/store-under-test.ts";
import { memoryDatabase } from "../../support/memory-database.ts";
import { storeWith } from "../../support/store-with.ts";

/**
 * Returns operations on a store that runs `beforeDelete` right before it deletes an application or
 * an environment.
 */
async function worldWith(beforeDelete: (world: Furnished) => Promise<unknown>) {
  const { store } = openMemoryStore(memoryDatabase(), systemClock, () => {});
  const world = await Furnished.open(async () => openedOnce(store));
  const reported: (Fact | Signal)[] = [];
  const facts = new Facts();
  facts.subscribe((fact) => reported.push(fact));
  const signals = new Signals(() => {});
  signals.react(["application.changed"], (signal) => reported.push(signal));
  const { applications, environments } = store.configuration;
  const busy = storeWith(store, {
    configuration: {
      applications: {
        ...applications,
        delete: async (...args) => {
          await beforeDelete(world);
          return applications.delete(...args);
        },
      },
      environments: {
        ...environments,
        delete: async (...args) => {
          await beforeDelete(world);
          return environments.delete(...args);
        },
      },
    },
  });
  const ids = new IdCodec(store.idSeed);
  const deps = {
    store: busy,
    ids,
    clock: systemClock,
    facts,
    signals,
    directory: { checkServed() {} },
    settings: { rootToken: null, jwtSecret: null },
  } as unknown as ApiDeps;
  const context = createContext(deps, { scopeResources: () => [], operationsFor: () => [] });
  const call = (operations: readonly Operation[], id: string, params: object) =>
    operations
      .find((operation) => operation.id === id)!
      .handle({
        params,
        identity: { environmentSeq: world.environment.seq, applicationSeq: null },
      } as unknown as Call<never, never, never>);
  return { world, reported, ids, context, call };
}

describe("resources created during a deletion", () => {
  test("an application and an endpoint that are created while their environment is deleted are deleted too, and reported", async () => {
    const made: { application: number; endpoint: number }[] = [];
    const other = { seq: 0 };
    const { reported, ids, context, call, world } = await worldWith(async (busy) => {
      const application = await busy.addApplication({ environmentSeq: other.seq });
      const endpoint = await busy.addEndpoint({ applicationSeq: application.seq });
      made.push({ application: application.seq, endpoint: endpoint.seq });
    });
    await using _ = world;
    other.seq = (await world.addEnvironment("other")).seq;
    const params = { env_id: ids.encode("org_", other.seq) };
    await call(environmentRoutes(context), "v1.management.environment.delete", params);
    expect(made).toHaveLength(1);
    const [{ application: applicationSeq, endpoint: endpointSeq }] = made as [(typeof made)[number]];
    expect(reported).toContainEqual({ type: "endpoint.deleted", endpointSeq, applicationSeq });
    expect(reported).toContainEqual({ type: "application.changed", applicationSeq, environmentSeq: other.seq });
    expect(await world.store.configuration.endpoints.get(endpointSeq)).toMatchObject({ deleted: true });
  });

  test("an endpoint that is created while its application is deleted is deleted too, and reported", async () => {
    let late = 0;
    const { reported, ids, context, call, world } = await worldWith(async (busy) => {
      late = (await busy.addEndpoint()).seq;
    });
    await using _ = world;
    const applicationSeq = world.application.seq;
    await call(applicationRoutes(context), "v1.application.delete", { app_id: ids.encode("app_", applicationSeq) });
    const deleted = reported.filter(({ type }) => type === "endpoint.deleted");
    expect(deleted).toHaveLength(2);
    for (const endpointSeq of [world.endpoint.seq, late]) {
      expect(deleted).toContainEqual({ type: "endpoint.deleted", endpointSeq, applicationSeq });
      expect(await world.store.configuration.endpoints.get(endpointSeq)).toMatchObject({ deleted: true });
    }
  });
});
