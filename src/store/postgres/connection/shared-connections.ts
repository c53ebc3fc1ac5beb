import { OwnConnection, type OwnConnectionOptions } from "./own-connection.ts";
import type { Bindings, Parameter } from "./parameters.ts";
import type { Result } from "./queries.ts";

/** A connection that has not responded for this long gets no further statements if another one responds, in ms. */
const SILENT_MS = 100;

/** Several connections for queries of one kind. */
export class OwnConnections {
  readonly #connections: readonly OwnConnection[];

  constructor(each: readonly OwnConnectionOptions[]) {
    this.#connections = each.map((options) => new OwnConnection(options));
  }

  /** Runs a statement in a transaction of its own, on the connection with the fewest statements under way. */
  run(sql: string, parameters: readonly Parameter[] | Bindings): Promise<Result> {
    const responding = this.#connections.filter(({ silentMs }) => silentMs < SILENT_MS);
    const usable = responding.length > 0 ? responding : this.#connections;
    return usable.reduce((best, next) => (next.underWay < best.underWay ? next : best)).run(sql, parameters);
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }
}
