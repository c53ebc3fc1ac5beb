/** Findings about what happens in a PostgreSQL database. */
import { counted } from "../core/text.ts";
import type { DatabaseState, SnapshotHolder } from "../store/database-state.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import { durationText } from "./text.ts";

/** Number of connections that one instance may open. */
const CONNECTIONS_OF_INSTANCE = 9;
/** Age of a transaction, in ms, above which dead rows that it protects slow the queue down. */
const SNAPSHOT_MS_MAX = 600_000;
/** The same for those whose age is not known, as the number of transactions since they began. */
const SNAPSHOT_TRANSACTIONS_MAX = 1_000_000;
/** How long a client may do nothing in a transaction, in ms. */
const IDLE_MS_MAX = 60_000;
/** A table is bloated if it has more dead rows than this, and more than half as many as live ones. */
const DEAD_MIN = 20_000;

/** `seesAll` is whether the sessions of other users are visible. */
export function stateFindings(state: DatabaseState, seesAll: boolean): Finding[] {
  return [
    connectionFinding(state),
    snapshotFinding(state, seesAll),
    idleFinding(state),
    vacuumFinding(state),
    instanceFinding(state),
  ];
}

function connectionFinding({ connections: { used, max, free } }: DatabaseState): Finding {
  const detail = `${used} of ${max} connections of the server are in use, and ${free} are free for this user.`;
  if (free >= CONNECTIONS_OF_INSTANCE) return ok("connections", detail);
  return warn(
    "connections",
    detail,
    `An instance needs up to ${CONNECTIONS_OF_INSTANCE}. Raise max_connections or the limit of the user, or use PgBouncer.`,
  );
}

const HOLDER_NAMES: Readonly<Record<SnapshotHolder["kind"], string>> = {
  session: "The session with the process number",
  standby: "The standby server of the process number",
  slot: "The replication slot",
  prepared: "The prepared transaction",
};

const HOLDER_REMEDIES: Readonly<Record<SnapshotHolder["kind"], (name: string) => string>> = {
  session: (name) => `Wait for its end if it is a backup, or end it: SELECT pg_terminate_backend(${name}).`,
  standby: () => "End the long query on the standby, or set hot_standby_feedback to off there.",
  slot: (name) => `If nobody uses it any more, drop it: SELECT pg_drop_replication_slot('${name}').`,
  prepared: (name) => `Commit it or roll it back: ROLLBACK PREPARED '${name}'.`,
};

const isOld = ({ ageMs, transactions }: SnapshotHolder) =>
  ageMs === null ? transactions > SNAPSHOT_TRANSACTIONS_MAX : ageMs > SNAPSHOT_MS_MAX;

function snapshotFinding({ holders }: DatabaseState, seesAll: boolean): Finding {
  const old = holders.find(isOld);
  if (old !== undefined) {
    const { kind, name, ageMs, transactions } = old;
    const time = ageMs === null ? `${transactions} transactions` : durationText(ageMs);
    return warn(
      "snapshots",
      `${HOLDER_NAMES[kind]} ${name} has kept dead rows from being removed for ${time}, which slows the queue down.`,
      HOLDER_REMEDIES[kind](name),
    );
  }
  if (seesAll) return ok("snapshots", "Nothing keeps dead rows from being removed.");
  return warn(
    "snapshots",
    "The sessions of other users are not visible, so those that keep dead rows may be missing here.",
    "Grant the role pg_read_all_stats to the user of Boathook.",
  );
}

function idleFinding({ transactions: { oldestMs, idleMs, idlePid } }: DatabaseState): Finding {
  if (idleMs > IDLE_MS_MAX) {
    return warn(
      "transactions",
      `The client of the session ${idlePid} has left a transaction open for ${durationText(idleMs)}.`,
      "End the client, and set idle_in_transaction_session_timeout for its user.",
    );
  }
  return ok("transactions", `The oldest transaction began ${durationText(oldestMs)} ago.`);
}

function vacuumFinding({ tables }: DatabaseState): Finding {
  const off = tables.filter(({ isVacuumed }) => !isVacuumed).map(({ name }) => name);
  if (off.length > 0) {
    return warn(
      "vacuum",
      `Autovacuum is off for ${off.join(", ")}, so dead rows are never removed.`,
      "Set autovacuum and track_counts to on, and remove autovacuum_enabled from the tables.",
    );
  }
  const bloated = tables.find(({ live, dead }) => dead > DEAD_MIN && dead > live / 2);
  if (bloated !== undefined) {
    return warn(
      "vacuum",
      `The table ${bloated.name} has ${bloated.dead} dead rows and ${bloated.live} others, which slows the queue down.`,
      `Run VACUUM ${bloated.name}. If it does not help, something keeps the rows; else raise autovacuum_max_workers.`,
    );
  }
  const dead = tables.find(({ name }) => name === "pending")?.dead ?? 0;
  return ok("vacuum", `The queue has ${counted(dead, "dead row")}.`);
}

function instanceFinding({ instances, shares: { total, served } }: DatabaseState): Finding {
  const alive = instances.filter(({ isAlive, isServing }) => isAlive && isServing);
  if (alive.length === 0) return ok("instances", "No instance is running.");
  const shares = alive.map(({ slot, shares }) => `${shares} by instance ${slot}`).join(", ");
  const detail = `${counted(alive.length, "instance")} ${alive.length === 1 ? "is" : "are"} running. Of ${total} shares of the lanes, ${served} are served (${shares}).`;
  if (served === total) return ok("instances", detail);
  return fail(
    "instances",
    detail,
    "Shares are taken over within the lease. If this finding stays, see the logs of the instances for errors.",
  );
}
