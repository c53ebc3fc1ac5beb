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
  /** The one own address that may always be delivered to: URLs that begin with `prefix` go to `origin` instead of their own, whatever
   * the address policy says. */
  readonly inbox: { readonly prefix: string; readonly origin: string } | null;
}
