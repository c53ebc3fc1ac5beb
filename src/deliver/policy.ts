import type { TargetPolicy } from "../targets/target.ts";

/** The settings that the engine follows. */
export interface DeliveryPolicy extends TargetPolicy {
  readonly retryScheduleMs: readonly number[];
  readonly retryJitter: number;
  readonly deliveryTimeoutMs: number;
  /** Attempts under way at once, whole process. */
  readonly deliveryConcurrency: number;
  /** Attempts under way at once to one endpoint that has no setting of its own. */
  readonly endpointConcurrency: number;
  /** 0 = never. */
  readonly endpointDisableAfterMs: number;
  /** Maximum size of a request body, and so of a payload. */
  readonly maxBodyBytes: number;
  /** How long a stop waits for attempts under way. */
  readonly shutdownTimeoutMs: number;
}
