import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { executable, run } from "../support/binary.ts";
import { makeApplication } from "../support/client.ts";
import { type InstanceGroup, type InstanceProcess, startInstances } from "../support/instances.ts";
import { hasPostgres } from "../support/postgres.ts";
import { ROOT_TOKEN } from "../support/server.ts";
import { soon } from "../support/soon.ts";

setDefaultTimeout(60_000);

describe.skipIf(!hasPostgres)("what two instances say about their database", () => {
  let group: InstanceGroup;
  beforeAll(async () => {
    group = await startInstances({ args: ["--lease=2s"] });
  }, 120_000);
  afterAll(() => group?.[Symbol.asyncDispose]());

  const healthOf = async (url: string) => {
    const response = await fetch(`${url}/api/v1/health`);
    return { httpStatus: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const metricsOf = async (url: string) => {
    const response = await fetch(`${url}/metrics`);
    expect(response.status).toBe(200);
    const lines = (await response.text()).split("\n");
    return (name: string) => lines.filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  };
  const awaitHealthy = async () => {
    for (const { url } of group.instances)
      await soon(
        () => healthOf(url),
        ({ httpStatus }) => httpStatus === 200,
      );
  };

  test("each of two instances shows both of them with their lanes, and the database in place of files", async () => {
    for (const { send } of group.instances) {
      const system = async () => (await send("GET", "/system")).json;
      const { store, database } = await soon(system, ({ database: { instances } }) =>
        instances.every(({ lanes }: { lanes: number }) => lanes === 0.5),
      );
      expect(store).toMatchObject({ dataDir: null, walBytes: null, diskFreeBytes: null });
      expect(store.engine).toStartWith("PostgreSQL ");
      expect(database.unservedLanes).toBe(0);
      const alive = { number: expect.any(Number), alive: true, delivers: true, lanes: 0.5 };
      expect(database.instances).toHaveLength(2);
      expect(database.instances).toContainEqual({ ...alive, self: true });
      expect(database.instances).toContainEqual({ ...alive, self: false });
    }
  });

  test("the metrics of an instance state its share of the lanes, and the number of instances", async () => {
    const metric = await metricsOf(group.instances[0]!.url);
    expect(metric("boathook_instances")).toEqual(["boathook_instances 2"]);
    expect(metric("boathook_lane_share_ratio")).toEqual(["boathook_lane_share_ratio 0.5"]);
    expect(metric("boathook_lanes_unserved_ratio")).toEqual(["boathook_lanes_unserved_ratio 0"]);
    expect(metric("boathook_store_failing")).toEqual(["boathook_store_failing 0"]);
    expect(metric("boathook_wal_bytes")).toEqual(["boathook_wal_bytes Nan"]);
    expect(metric("boathook_queue_dead_rows")[0]).toMatch(/ \d+$/);
    expect(metric("boathook_database_connections_free")[0]).toMatch(/ \d+$/);
  });

  test("an instance counts the deliveries that the other one accepts and delivers", async () => {
    const [one, other] = group.instances as [InstanceProcess, InstanceProcess];
    const app = await makeApplication(one.send);
    await one.send("POST", `/app/${app}/endpoint`, { url: "http://127.0.0.1:1/" });
    for (let i = 0; i < 7; i++) await other.send("POST", `/app/${app}/msg`, { eventType: "a", payload: {} });
    for (const { url } of group.instances) {
      const pending = async () => (await metricsOf(url))("boathook_deliveries_pending");
      await soon(pending, ([line]) => line === "boathook_deliveries_pending 7");
    }
  });

  test("doctor names the instances that the server sees", async () => {
    const args = ["doctor", "--json", `--server=${group.instances[0]!.url}`];
    const { stdout } = await run(executable(), args, { cwd: "/tmp", env: { BOATHOOK_TOKEN: ROOT_TOKEN } });
    const { findings } = JSON.parse(stdout) as { findings: { name: string; level: string; detail: string }[] };
    expect(findings.find(({ name }) => name === "server-instances")).toMatchObject({
      level: "ok",
      detail: "2 instances serve all lanes, this one 50 % of them.",
    });
  });

  test("while PostgreSQL is away, the health is failing and the metrics have only what needs no database", async () => {
    await group.server.kill();
    for (const { url } of group.instances) {
      const { httpStatus, body } = await soon(
        () => healthOf(url),
        (health) => health.httpStatus !== 200,
      );
      expect(httpStatus).toBe(503);
      expect(body).toMatchObject({ status: "failing", store: "failing", disk: { freeBytes: null } });
      const metric = await metricsOf(url);
      expect(metric("boathook_store_failing")).toEqual(["boathook_store_failing 1"]);
      expect(metric("boathook_attempts_under_way")).toEqual(["boathook_attempts_under_way 0"]);
      for (const name of ["boathook_endpoints", "boathook_database_bytes", "boathook_instances"]) {
        expect(metric(name)).toEqual([]);
      }
      expect((await fetch(`${url}/api/v1/health/ping`)).status).toBe(204);
    }
    await group.server.start();
    await awaitHealthy();
    expect((await metricsOf(group.instances[0]!.url))("boathook_endpoints")).not.toEqual([]);
  });

  test("while PostgreSQL is suspended, the health is failing within the time limit", async () => {
    await awaitHealthy();
    const rows = await group.sql`SELECT pid FROM pg_stat_activity WHERE application_name = 'boathook'`;
    const pids = [group.server.pid, ...Array.from(rows as { pid: number }[]).map(({ pid }) => pid)];
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    try {
      const { body } = await healthOf(group.instances[0]!.url);
      expect(body).toMatchObject({ status: "failing", store: "failing" });
    } finally {
      for (const pid of pids) process.kill(pid, "SIGCONT");
    }
    await awaitHealthy();
  });
});
