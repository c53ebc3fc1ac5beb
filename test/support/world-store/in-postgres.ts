import { SQL } from "bun";
import type { Fact } from "../../../src/core/fact.ts";
import { systemClock } from "../../../src/edge/clock.ts";
import type { Clock } from "../../../src/ports.ts";
import type { Claim, Store } from "../../../src/store/index.ts";
import { openStore } from "../../../src/store/postgres/index.ts";
import { DatabaseClock } from "../../../src/store/postgres/instances/database-clock.ts";
import type { SlotSeqSource } from "../../../src/store/postgres/instances/numbers.ts";
import { createDatabase } from "../create-database.ts";
import { type CutProxy, cutProxy } from "../cut-proxy.ts";
import { soon } from "../soon.ts";
import { storeWith } from "../store-with.ts";
import { Calls } from "./calls.ts";
import type { WorldStore } from "./world-store.ts";

/** Longer than a test, because the lease passes in real time. */
const LEASE_MS = 300_000;
const KEY = "00".repeat(32);

/** Fails the commits of processes while the table `disk` says so. */
const DISK = `
  CREATE TABLE disk (is_full boolean NOT NULL);
  INSERT INTO disk VALUES (false);
  CREATE FUNCTION refuse_if_full() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (SELECT is_full FROM disk) THEN RAISE EXCEPTION 'The disk is full.' USING ERRCODE = '53100'; END IF;
      RETURN NEW;
    END $$;
  CREATE TRIGGER refuse_if_full BEFORE UPDATE OF commits ON instance FOR EACH ROW EXECUTE FUNCTION refuse_if_full();`;

/** Databases that are being removed. */
const removals = new Set<Promise<unknown>>();

/** Resolves when the databases of all worlds that have ended are removed. The server must run until then. */
export async function worldsAreRemoved(): Promise<void> {
  await Promise.all(removals);
}

/**
 * Data in a database of a PostgreSQL server. The store takes real time, during which the time of the
 * world stands still: the world goes on when no call of the store is under way.
 */
export class PostgresWorldStore implements WorldStore {
  isDiskFull = false;
  #storedDiskFull = false;
  #storing: Promise<void> | null = null;
  #calls = new Calls(() => this.#storeDisk());
  #process: WorldProcess | null = null;

  /** The way from the processes to the server, which can be cut. */
  readonly proxy: CutProxy;

  private constructor(
    private readonly server: Server,
    private readonly name: string,
    private readonly sql: SQL,
  ) {
    this.proxy = cutProxy(server.port);
  }

  /** Creates a database on a server. `url` is that of another database of it. */
  static async create(url: string): Promise<PostgresWorldStore> {
    await worldsAreRemoved();
    if (server?.url !== url) server = new Server(url);
    const name = await server.take();
    return new PostgresWorldStore(server, name, new SQL(server.urlOf(name), { max: 1 }));
  }

  async open(clock: Clock, onFact: (fact: Fact) => void): Promise<Store> {
    this.#process = new WorldProcess(clock);
    this.#calls = new Calls(() => this.#storeDisk());
    const store = await openStore({
      ...{ url: this.server.urlOf(this.name, this.proxy.port), encryptionKey: KEY, leaseMs: LEASE_MS },
      ...{ clock: this.#process.clock, databaseClock: new WorldClock(clock), onFact },
    });
    // A process reserves the numbers of half a minute, and the time of the world jumps further.
    (store.numbers as SlotSeqSource).reserved(Number.MAX_SAFE_INTEGER);
    const { claim } = store.queue;
    // The world has no other process, and a look at the others takes real time.
    const feed = { ...store.feed, catchUp: () => null };
    return this.#calls.of(
      storeWith({ ...store, feed }, { queue: { claim: async (wishes) => endless(await claim(wishes)) } }),
    );
  }

  async crash(): Promise<void> {
    this.#process?.end();
    this.#calls.end();
    // A connection that was being made may begin after the others have ended.
    const ended = async () => {
      await this.endConnections();
      return this.sql`SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'boathook'`;
    };
    await soon(ended, (left: unknown[]) => left.length === 0);
    await this.sql`UPDATE instance SET expires_at = '-infinity'`;
  }

  /** Ends the connections of the process, whatever they are doing. */
  async endConnections(): Promise<void> {
    await this.sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'boathook'`;
  }

  settled(): Promise<void> {
    return this.#calls.settled();
  }

  #storeDisk(): Promise<void> | null {
    const { isDiskFull } = this;
    if (isDiskFull !== this.#storedDiskFull) {
      this.#storedDiskFull = isDiskFull;
      const before = this.#storing ?? Promise.resolve();
      const storing = before.then(async () => {
        await this.sql`UPDATE disk SET is_full = ${isDiskFull}`;
        if (this.#storing === storing) this.#storing = null;
      });
      this.#storing = storing;
    }
    return this.#storing;
  }

  [Symbol.dispose](): void {
    this.#process?.end();
    const removal = this.sql
      .close()
      .then(() => this.server.remove(this.name))
      .then(() => this.proxy[Symbol.dispose]())
      .finally(() => removals.delete(removal));
    removals.add(removal);
  }
}

/** Returns the claim without its end, which is in real time. Nobody renews it. */
function endless(claim: Claim): Claim {
  return { validUntil: Number.POSITIVE_INFINITY, owns: (endpointSeq) => claim.owns(endpointSeq) };
}

/** The clock of a process: it shows the time of the world, and its timers wait for real time. */
class WorldProcess {
  #hasEnded = false;
  readonly clock: Clock;

  constructor({ now, steady }: Clock) {
    const unlessEnded = (task: () => void) => () => {
      if (!this.#hasEnded) task();
    };
    this.clock = {
      now,
      steady,
      after(delayMs, task) {
        const timer = setTimeout(unlessEnded(task), delayMs);
        return () => clearTimeout(timer);
      },
      soon: (task) => void setImmediate(unlessEnded(task)),
    };
  }

  /** Stops the timers. */
  end(): void {
    this.#hasEnded = true;
  }
}

/** A clock of the database that shows the time of the world, so numbers follow it. */
class WorldClock extends DatabaseClock {
  constructor({ steady, now }: Clock) {
    super(steady, now);
  }

  override learn(): void {}
}

/** A server with a database that all others are copies of. The next copy is made ahead of its use. */
class Server {
  #next: Promise<string> | null = null;
  readonly #template: Promise<string>;

  constructor(readonly url: string) {
    this.#template = this.#makeTemplate();
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  urlOf(name: string, port = this.port): string {
    const url = new URL(this.url);
    url.pathname = `/${name}`;
    url.port = String(port);
    return url.href;
  }

  async take(): Promise<string> {
    const name = await (this.#next ?? this.#copy());
    this.#next = this.#copy();
    this.#next.catch(() => {});
    return name;
  }

  async remove(name: string): Promise<void> {
    await this.#run((sql) => sql.unsafe(`DROP DATABASE ${name} WITH (FORCE)`));
  }

  async #makeTemplate(): Promise<string> {
    const name = this.#newName();
    await this.#run((sql) => createDatabase(sql, name));
    const url = this.urlOf(name);
    // Numbers begin after those that the database has, so they must be small.
    const { clock } = new WorldProcess({ ...systemClock, now: () => 0 });
    const databaseClock = new WorldClock(clock);
    await (
      await openStore({ url, encryptionKey: KEY, leaseMs: LEASE_MS, clock, databaseClock, onFact: () => {} })
    ).close();
    await using sql = new SQL(url, { max: 1 });
    await sql.unsafe(DISK);
    return name;
  }

  async #copy(): Promise<string> {
    const name = this.#newName();
    const template = await this.#template;
    await this.#run((sql) => createDatabase(sql, name, template));
    return name;
  }

  /** Several test files run in one process, each with variables of its own, and share the server. */
  #newName(): string {
    return `world_${crypto.randomUUID().replaceAll("-", "")}`;
  }

  async #run(use: (sql: SQL) => Promise<unknown>): Promise<void> {
    await using sql = new SQL(this.url, { max: 1 });
    await use(sql);
  }
}

let server: Server | null = null;
