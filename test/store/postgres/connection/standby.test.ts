import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { stateFindings } from "../../../../src/doctor/database-state.ts";
import type { Store } from "../../../../src/store/index.ts";
import { openStore } from "../../../../src/store/postgres/index.ts";
import { hasPostgres, type PostgresServer, startPostgres } from "../../../support/postgres.ts";
import { soon } from "../../../support/soon.ts";
import { optionsFor } from "../open.ts";

/** Number of transactions that are made on the primary while a query runs on the standby. */
const TRANSACTIONS = 100;

describe.skipIf(!hasPostgres)("what a query on a standby keeps from being removed", () => {
  let primary: PostgresServer;
  let standby: PostgresServer;
  let store: Store;
  let atPrimary: SQL;
  let atStandby: SQL;

  beforeAll(async () => {
    primary = await startPostgres();
    const url = await primary.createDatabase();
    await (await openStore(optionsFor(url))).close();
    standby = await startPostgres({ primary, settings: ["wal_receiver_status_interval = 1s"] });
    store = await openStore(optionsFor(url));
    atPrimary = new SQL(url, { max: 1 });
    atStandby = new SQL(standby.url(new URL(url).pathname.slice(1)), { max: 2 });
    const query = await atStandby.reserve();
    await query.unsafe("BEGIN ISOLATION LEVEL REPEATABLE READ");
    await query.unsafe("SELECT count(*) FROM pending");
  }, 120_000);
  afterAll(async () => {
    await store?.close();
    await atPrimary?.close();
    await standby?.[Symbol.asyncDispose]();
    await primary?.[Symbol.asyncDispose]();
  });

  const holders = async () => (await store.database!.state()).holders.filter(({ kind }) => kind !== "session");
  const named = async () => (await holders()).map(({ kind, name }) => `${kind} ${name}`);
  const makeTransactions = async () => {
    for (let i = 0; i < TRANSACTIONS; i++) await atPrimary.unsafe("SELECT pg_current_xact_id()");
  };
  const setOnStandby = async (setting: string) => {
    await atStandby.unsafe(`ALTER SYSTEM SET ${setting}`);
    await atStandby.unsafe("SELECT pg_reload_conf()");
  };
  const walSender = async () => {
    const [row] = await atPrimary.unsafe("SELECT pid FROM pg_stat_replication WHERE state = 'streaming'");
    return row?.pid as number | undefined;
  };
  /** Returns what doctor says when what holds the rows has held them for a million transactions more. */
  const later = async () => {
    const state = await store.database!.state();
    const old = state.holders.map((holder) => ({ ...holder, transactions: holder.transactions + 1_000_000 }));
    return stateFindings({ ...state, holders: old }, true).find(({ name }) => name === "snapshots")!;
  };

  test("a standby without hot_standby_feedback keeps nothing, and one with it is found by its process", async () => {
    await soon(walSender, (pid) => pid !== undefined);
    await makeTransactions();
    expect(await named()).toEqual([]);
    await setOnStandby("hot_standby_feedback = on");
    expect(await soon(named, ({ length }) => length > 0)).toEqual([`standby ${await walSender()}`]);
    await makeTransactions();
    const [holder] = await holders();
    expect(holder!.transactions).toBeGreaterThan(TRANSACTIONS);
    expect(await later()).toMatchObject({
      level: "warn",
      detail: expect.stringContaining(`The standby server of the process number ${await walSender()}`),
    });
  });

  test("a replication slot is found by its name, also after its standby has ended, until it is dropped", async () => {
    await setOnStandby("hot_standby_feedback = on");
    await atPrimary.unsafe("SELECT pg_create_physical_replication_slot('spare')");
    await setOnStandby("primary_slot_name = 'spare'");
    await soon(named, (names) => names.join() === "slot spare");
    await atStandby.close({ timeout: 0 });
    await standby.kill();
    await makeTransactions();
    const [holder, ...others] = await holders();
    expect({ holder, others }).toMatchObject({ holder: { kind: "slot", name: "spare", ageMs: null }, others: [] });
    expect(holder!.transactions).toBeGreaterThan(TRANSACTIONS);
    expect(await later()).toMatchObject({
      level: "warn",
      detail: expect.stringContaining("The replication slot spare"),
      remedy: expect.stringContaining("SELECT pg_drop_replication_slot('spare')"),
    });
    const drop = () => atPrimary.unsafe("SELECT pg_drop_replication_slot('spare')").catch((error: unknown) => error);
    // The process that served the standby may still have the slot.
    await soon(drop, (error) => !(error instanceof Error));
    expect(await named()).toEqual([]);
  });
});
