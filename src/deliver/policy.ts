import type { TargetPolicy } from "../targets/target.ts";

/** The settings that the engine follows. */
export interface DeliveryPolicy extends TargetPolicy {
  readonly retryScheduleMs: readonly number[];
  readonly retryJitter: number;
  readonly deliveryTimeoutMs: number;
  /** Attempts under way at once, over all endpoints. */
  readonly deliveryConcurrency: number;
  /** Attempts under way at once to an endpoint without a setting of its own. */
  readonly endpointConcurrency: number;
  /** 0 means never. */
  readonly endpointDisableAfterMs: number;
  /** Maximum size of a request body, and so of a payload. */
  readonly maxBodyBytes: number;
  /** How long a stop waits for attempts under way. */
  readonly shutdownTimeoutMs: number;
}
