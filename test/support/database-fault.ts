import { SQL } from "bun";
import { makeApplication } from "./client.ts";
import { makeEndpoint, sendMessages, until } from "./delivery.ts";
import { type InstanceProcess, startInstances } from "./instances.ts";
import type { MachineFault } from "./machine-faults.ts";
import { hasPostgres } from "./postgres.ts";
import { startReceiver } from "./receiver.ts";

/** The server keeps 3 of them for superusers, and an instance uses up to 9. */
const CONNECTIONS_MAX = 28;
const CONNECTIONS_HELD = 12;
/** Each delivery leaves one. */
const DEAD_ROWS = 60;

/**
 * Somebody forgets a transaction in the database of two instances, which keeps dead rows of the queue and a
 * lock, and many connections. Then one of the instances is killed, and the lock prevents the other one from
 * serving its lanes.
 */
export const crowdedDatabase: MachineFault = {
  alerts: ["BoathookLanesUnserved", "BoathookSnapshotOld", "BoathookQueueBloated", "BoathookConnectionsShort"],
  isPossible: () => hasPostgres,
  async open(stack) {
    const settings = [`max_connections = ${CONNECTIONS_MAX}`];
    const group = stack.use(await startInstances({ args: ["--lease=2s"], settings }));
    const [{ send, url }, other] = group.instances as [InstanceProcess, InstanceProcess];
    const receiver = stack.use(startReceiver());
    const app = await makeApplication(send);
    await makeEndpoint(send, app, receiver.url);
    const forgotten = stack.use(new SQL(group.url, { max: 1 }));
    const idle = stack.use(new SQL(group.url, { max: CONNECTIONS_HELD }));
    return {
      url,
      async begin() {
        await forgotten.unsafe("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pending");
        await sendMessages(send, app, DEAD_ROWS);
        await until(
          async () => receiver.received.length,
          (count) => count === DEAD_ROWS,
        );
        await forgotten.unsafe("LOCK TABLE lane_partition IN EXCLUSIVE MODE");
        await other.kill();
        // Each of them takes a connection of its own.
        await Promise.all(Array.from({ length: CONNECTIONS_HELD }, () => idle.unsafe("SELECT pg_sleep(0.2)")));
      },
      async end() {
        await idle.close();
        await forgotten.unsafe("ROLLBACK");
        await forgotten.unsafe("VACUUM pending");
      },
    };
  },
};
