import { addGauge, addGaugeBy } from "./gauge.ts";
import type { Registry } from "./prom-client.ts";

/** Values of the engine. Each is a count that the engine holds or a walk over its lanes. */
export interface EngineReadings {
  attemptsUnderWay(): number;
  /** How long the oldest due delivery has been waiting, in ms. 0 if nothing is due. */
  oldestDueAgeMs(): number;
  /** Returns whether all deliveries are held. */
  isDeliveryHeld(): boolean;
  environmentsPaused(): number;
  /** Returns the number of lanes in memory in each state. */
  lanes(): Readonly<Record<string, number>>;
  deliveriesInMemory(): number;
  /** Returns the number of connected consumers of `websocket:` endpoints. */
  socketConsumers(): number;
  /** Returns the number of background tasks that have not ended. */
  tasks(): { readonly running: number; readonly waiting: number };
}

export function addEngineMetrics(registry: Registry, engine: EngineReadings): void {
  addGauge(registry, "boathook_delivery_held", "1 while all deliveries are held.", () =>
    Number(engine.isDeliveryHeld()),
  );
  addGauge(registry, "boathook_environments_paused", "Environments whose deliveries are paused.", () =>
    engine.environmentsPaused(),
  );
  addGauge(registry, "boathook_attempts_under_way", "Attempts in progress.", () => engine.attemptsUnderWay());
  addGauge(
    registry,
    "boathook_oldest_due_age_seconds",
    "Time that the oldest due delivery has been waiting.",
    () => engine.oldestDueAgeMs() / 1000,
  );
  addGauge(
    registry,
    "boathook_deliveries_in_memory",
    "Pending deliveries that have been read into memory, with those under way. The others are only on the disk.",
    () => engine.deliveriesInMemory(),
  );
  const lanes = {
    name: "boathook_lanes",
    help: "Queues of endpoints in memory by state: idle (empty), ready (waits for a slot), reading, parked (nothing is due yet), full (the concurrency of the endpoint is used up) or paused.",
    label: "state",
  };
  addGaugeBy(registry, lanes, () => engine.lanes());
  addGauge(registry, "boathook_socket_consumers", "Connected consumers of `websocket:` endpoints.", () =>
    engine.socketConsumers(),
  );
  const tasks = {
    name: "boathook_tasks",
    help: "Background tasks that have not ended, such as a redrive, by state: running, or waiting because too many others run.",
    label: "state",
  };
  addGaugeBy(registry, tasks, () => ({ ...engine.tasks() }));
}
