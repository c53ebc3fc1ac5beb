import type { Subnet } from "../core/address.ts";
import type { SignatureHeaders } from "../core/signature.ts";

/** The settings that the engine works by. */
export interface DeliveryPolicy {
  readonly retryScheduleMs: readonly number[];
  readonly retryJitter: number;
  readonly deliveryTimeoutMs: number;
  /** Attempts under way at once, whole process. */
  readonly deliveryConcurrency: number;
  /** Attempts under way at once to one endpoint that has no setting of its own. */
  readonly endpointConcurrency: number;
  /** 0 = never. */
  readonly endpointDisableAfterMs: number;
  readonly allowSubnets: readonly Subnet[];
  readonly maxResponseStoredBytes: number;
  readonly signatureHeaders: SignatureHeaders;
  readonly userAgent: string;
  /** How long a stop waits for attempts under way. */
  readonly shutdownTimeoutMs: number;
  /**
   * Where a delivery to a built-in inbox really goes, whatever the address policy says; null for every other address.
   */
  readonly inbox: (url: URL) => URL | null;
}
