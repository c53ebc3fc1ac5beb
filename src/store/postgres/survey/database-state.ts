import type { DatabaseState, InstanceState, SnapshotHolder, TableState } from "../../database-state.ts";
import type { Queries } from "../connection/database.ts";
import { LANE_PARTITIONS } from "../instances/lane-partition.ts";

/** Maximum number of holders of old rows that are returned. */
const HOLDERS_MAX = 20;
/** The tables from which rows are deleted one by one, or in which rows change. */
const CHANGING = ["pending", "instance", "change", "poller_lease", "idempotency", "event_id", "function_send"];

/** Returns the time since an instant of the server, in ms. */
const since = (instant: string) => `(extract(epoch FROM clock_timestamp() - ${instant}) * 1000)::float8`;

/** Holds for sessions other than this one whose transactions concern this database. */
const OTHERS = "pid <> pg_backend_pid() AND (datname IS NULL OR datname = current_database())";

/**
 * Reads what happens in the database. Without the rights of `pg_read_all_stats`, sessions of other users
 * are missing from it. `self` is the slot of this process, or null if it has none.
 */
export async function databaseState(queries: Queries, self: number | null): Promise<DatabaseState> {
  // One after another, so that they take one connection from the deliveries.
  const connections = await queries.first<DatabaseState["connections"]>(CONNECTIONS);
  const holders = await queries.all<SnapshotHolder>(HOLDERS);
  const transactions = await queries.first<DatabaseState["transactions"]>(TRANSACTIONS);
  const tables = await queries.all<TableState>(TABLES, [`{${CHANGING.join(",")}}`]);
  const instances = await queries.all<InstanceState>(INSTANCES, [self ?? -1]);
  const served = instances.reduce((sum, { isAlive, shares }) => sum + (isAlive ? shares : 0), 0);
  return {
    ...{ connections: connections!, holders, transactions: transactions!, tables, instances },
    shares: { total: LANE_PARTITIONS, served },
  };
}

/** Limits of -1 mean none. Versions of PostgreSQL before 16 have no `reserved_connections`. */
const CONNECTIONS = `SELECT used, max, GREATEST(0, LEAST(
    max - used - current_setting('superuser_reserved_connections')::integer
      - COALESCE(current_setting('reserved_connections', true)::integer, 0),
    CASE WHEN r.rolconnlimit >= 0 THEN r.rolconnlimit - of_user END,
    CASE WHEN d.datconnlimit >= 0 THEN d.datconnlimit - of_database END)) AS free
  FROM (SELECT count(*)::integer AS used, current_setting('max_connections')::integer AS max,
      (count(*) FILTER (WHERE usename = current_user))::integer AS of_user,
      (count(*) FILTER (WHERE datname = current_database()))::integer AS of_database
    FROM pg_stat_activity WHERE backend_type = 'client backend') AS activity
  JOIN pg_roles r ON r.rolname = current_user JOIN pg_database d ON d.datname = current_database()`;

/** The server ignores the snapshots of VACUUM when it removes dead rows. */
const HOLDERS = `SELECT kind, name, transactions, age AS "ageMs" FROM (
    SELECT CASE WHEN backend_type = 'walsender' THEN 'standby' ELSE 'session' END AS kind, pid::text AS name,
      GREATEST(age(backend_xid), age(backend_xmin)) AS transactions, ${since("xact_start")} AS age
    FROM pg_stat_activity WHERE (backend_xid IS NOT NULL OR backend_xmin IS NOT NULL) AND ${OTHERS}
      AND backend_type <> 'autovacuum worker' AND query !~* '^\\s*vacuum'
    UNION ALL
    SELECT 'slot', slot_name, age(xmin), NULL FROM pg_replication_slots
    WHERE xmin IS NOT NULL AND (database IS NULL OR database = current_database())
    UNION ALL
    SELECT 'prepared', gid, age(transaction), ${since("prepared")} FROM pg_prepared_xacts
    WHERE database = current_database()) AS holder
  ORDER BY transactions DESC, age DESC NULLS LAST LIMIT ${HOLDERS_MAX}`;

const TRANSACTIONS = `SELECT COALESCE(max(${since("xact_start")}), 0) AS "oldestMs",
    COALESCE(max(${since("state_change")}) FILTER (WHERE is_idle), 0) AS "idleMs",
    (array_agg(pid ORDER BY state_change) FILTER (WHERE is_idle))[1] AS "idlePid"
  FROM (SELECT *, state LIKE 'idle in transaction%' AS is_idle FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND ${OTHERS}) AS session`;

const TABLES = `SELECT s.relname AS name, s.n_live_tup AS live, s.n_dead_tup AS dead,
    current_setting('autovacuum')::boolean AND current_setting('track_counts')::boolean
      AND NOT COALESCE(c.reloptions && '{autovacuum_enabled=false,autovacuum_enabled=off}', false) AS "isVacuumed"
  FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
  WHERE s.schemaname = current_schema() AND s.relname = ANY ($1::text[]) ORDER BY s.relname`;

const INSTANCES = `SELECT i.slot, i.expires_at > clock_timestamp() AS "isAlive", i.serves AS "isServing",
    (SELECT count(*)::integer FROM lane_partition p WHERE p.slot = i.slot AND p.fence = i.fence) AS shares,
    i.slot = $1::integer AS "isSelf"
  FROM instance i WHERE i.held ORDER BY i.slot`;
