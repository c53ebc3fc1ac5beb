import type { Kernel } from "./kernel.ts";
import type { Store } from "./store/index.ts";
import type { Readings } from "./telemetry/metrics.ts";

/** Returns what the metrics read from the engine and the store when they are requested. */
export function metricsReadings(
  {
    clock,
    engine,
    store,
    certificates,
    consumers,
    socketConsumers,
  }: Pick<Kernel, "clock" | "engine" | "store" | "certificates" | "consumers" | "socketConsumers">,
  serverCertificateEndsAt: () => number | null,
) {
  return {
    engine: {
      attemptsUnderWay: () => engine.attemptsUnderWay,
      oldestDueAgeMs: () => Math.max(0, clock.now() - (engine.oldestDueAt() ?? Number.POSITIVE_INFINITY)),
      isDeliveryHeld: () => engine.isHeld,
      environmentsPaused: () => engine.environmentsPaused,
      lanes: () => engine.laneCounts(),
      deliveriesInMemory: () => engine.deliveriesInMemory,
      socketConsumers: () => socketConsumers.count,
      tasks: () => engine.taskCounts(),
    },
    failingEndpoints: () => store.history.failingEndpoints(null),
    endpointCounts: () => store.history.endpointCounts(),
    sourceConnections: () => consumers.counts(),
    storeSize: () => store.housekeeping.size(),
    diskFreeBytes: () => store.housekeeping.diskFreeBytes(),
    storeHealth: () => store.housekeeping.health(),
    certificateEnds: async () => {
      const { client, ca } = await certificates.current();
      return { server: serverCertificateEndsAt(), client, ca };
    },
    ...withReplica(store),
    ...(store.database !== undefined && { databaseState: store.database.state }),
  } satisfies Partial<Readings>;
}

function withReplica({ replica }: Store) {
  return replica === undefined ? {} : { replica: () => replica.state() };
}
