import type { Endpoint, FailureReason } from "../../src/api/types.ts";
import { REASONS } from "./parts/delivery-state.tsx";

/** Returns the text for a reason. A reason of a newer server is returned unchanged. */
export function reasonText(reason: string): string {
  return Object.hasOwn(REASONS, reason) ? REASONS[reason as FailureReason] : reason;
}

/** Texts for the causes that disable endpoints, to follow "disabled". */
export const DISABLED_CAUSES: Readonly<Record<NonNullable<Endpoint["disabledCause"]>, string>> = {
  gone: "because it responded with 410 Gone",
  failing: "because every attempt failed for too long",
  manual: "by a request",
};
