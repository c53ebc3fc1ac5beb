/** The database server, and the instances that share it, in the state of the server. */
import { Type } from "@sinclair/typebox";
import type { DatabaseState } from "../../../store/index.ts";
import * as field from "../../http/fields.ts";

const count = (description: string) => Type.Integer({ description });

/** Null with SQLite. */
export const SystemDatabase = field.object("SystemDatabase", {
  connections: field.object("SystemDatabaseConnections", {
    used: count("Connections of all clients of the server."),
    max: count("Limit of the server."),
    free: count("Connections that this instance could still open."),
  }),
  instances: Type.Array(
    field.object("SystemInstance", {
      number: count("Number of the instance, unique among those that are running."),
      alive: Type.Boolean({ description: "Whether its lease has not expired." }),
      delivers: Type.Boolean({ description: "Whether it delivers messages. Commands do not." }),
      lanes: Type.Number({ description: "Share of all lanes that it serves, from 0 to 1." }),
      self: Type.Boolean({ description: "Whether it is the instance that responds." }),
    }),
  ),
  unservedLanes: Type.Number({ description: "Share of all lanes that no live instance serves, from 0 to 1." }),
  queueDeadRows: count("Rows of deliveries that no longer wait and that have not been removed yet; an estimate."),
  oldestSnapshotMs: Type.Number({
    description: "Age of the oldest session or prepared transaction that keeps dead rows from being removed.",
  }),
  oldestSnapshotTransactions: count("The same, also of replication slots and standby servers, in transactions."),
  oldestTransactionMs: Type.Number({ description: "Age of the oldest transaction of any client of the database." }),
});

export function databaseOut({ connections, instances, shares, holders, tables, transactions }: DatabaseState) {
  return {
    connections,
    instances: instances.map(({ slot, isAlive, isServing, isSelf, ...instance }) => ({
      ...{ number: slot, alive: isAlive, delivers: isServing, self: isSelf },
      lanes: instance.shares / shares.total,
    })),
    unservedLanes: 1 - shares.served / shares.total,
    queueDeadRows: tables.find(({ name }) => name === "pending")?.dead ?? 0,
    oldestSnapshotMs: Math.max(0, ...holders.map(({ ageMs }) => ageMs ?? 0)),
    oldestSnapshotTransactions: Math.max(0, ...holders.map((holder) => holder.transactions)),
    oldestTransactionMs: transactions.oldestMs,
  };
}
