import type { TargetPolicy } from "../targets/target.ts";

/** The engine's settings. */
export interface DeliveryPolicy extends TargetPolicy {
  readonly retryScheduleMs: readonly number[];
  readonly retryJitter: number;
  /** Maximum number of concurrent attempts to all endpoints together. */
  readonly deliveryConcurrency: number;
  /** Maximum number of concurrent attempts to an endpoint that has no setting of its own. */
  readonly endpointConcurrency: number;
  /** Time of continuous failure after which an endpoint is disabled, in ms; 0 means never. */
  readonly endpointDisableAfterMs: number;
  /** Maximum size of a request body, and therefore of a payload, in bytes. */
  readonly maxBodyBytes: number;
  /** Maximum number of background tasks that run at once. */
  readonly tasksMax: number;
  /** Maximum number of background tasks that run at once for one application. */
  readonly tasksPerAppMax: number;
  /** How long a stop waits for attempts under way, in ms. */
  readonly shutdownTimeoutMs: number;
}
