import type { Taken } from "./link.ts";
import { OwnConnection, type OwnConnectionOptions } from "./own-connection.ts";
import type { Bindings, Parameter } from "./parameters.ts";
import type { Result } from "./queries.ts";

/** A connection that has not responded for this long gets no further statements if another one responds, in ms. */
const SILENT_MS = 100;

/** Several connections for queries of one kind. */
export class SharedConnections {
  readonly #connections: readonly OwnConnection[];
  /** The connections that are not taken. */
  readonly #free: Set<OwnConnection>;
  /** Resolves when another connection is free. */
  #freed = Promise.withResolvers<void>();

  constructor(each: readonly OwnConnectionOptions[]) {
    this.#connections = each.map((options) => new OwnConnection(options));
    this.#free = new Set(this.#connections);
  }

  /** Runs a statement in a transaction of its own, on the connection with the fewest statements under way. */
  async run(sql: string, parameters: readonly Parameter[] | Bindings): Promise<Result> {
    while (this.#free.size === 0) await this.#freed.promise;
    return this.#best().run(sql, parameters);
  }

  /** Takes a connection for several statements. Where there are several, one remains for those of others. */
  async take(): Promise<Taken> {
    const remaining = Math.min(1, this.#connections.length - 1);
    while (this.#free.size <= remaining) await this.#freed.promise;
    const connection = this.#best();
    this.#free.delete(connection);
    try {
      await connection.idle();
      const taken = await connection.take();
      let isTaken = true;
      const end: Taken["end"] = (how) => {
        taken.end(how);
        if (isTaken) this.#release(connection);
        isTaken = false;
      };
      return { ...taken, end };
    } catch (error) {
      this.#release(connection);
      throw error;
    }
  }

  #best(): OwnConnection {
    const free = [...this.#free];
    const responding = free.filter(({ silentMs }) => silentMs < SILENT_MS);
    const usable = responding.length > 0 ? responding : free;
    return usable.reduce((best, next) => (next.underWay < best.underWay ? next : best));
  }

  #release(connection: OwnConnection): void {
    this.#free.add(connection);
    this.#freed.resolve();
    this.#freed = Promise.withResolvers();
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }
}
