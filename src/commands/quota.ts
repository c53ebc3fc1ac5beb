import { formatInstant } from "../core/instant.ts";
import { Problem } from "../core/problem.ts";
import type { QuotaExceeded } from "../core/quota.ts";
import type { Application, QuotaUsage } from "../store/index.ts";
import type { CommandContext } from "./context.ts";

/** Returns the error for a request that exceeds a quota. */
export function quotaProblem({ quota, limit, used, endsAt }: QuotaExceeded, now: number): Problem {
  if (quota === "messagesPerDay" && endsAt !== undefined) {
    const detail = `The application has sent ${used} messages today, and its quota messagesPerDay is ${limit}. Send again after ${formatInstant(endsAt)}, or have the quota raised.`;
    return new Problem(429, "quota_exceeded", detail, { afterMs: Math.max(1, endsAt - now) });
  }
  const detail =
    quota === "endpoints"
      ? `The application has ${used} endpoints, and its quota endpoints is ${limit}. Delete endpoints that are no longer used, or have the quota raised.`
      : `The stored payloads of the application have ${used} bytes, and the message would exceed its quota storedBytes of ${limit}. Expunge messages, wait until older ones expire, or have the quota raised.`;
  return new Problem(403, "quota_exceeded", detail);
}

/** Reports and returns the error for an endpoint that exceeds the quota of its application. */
export async function endpointQuotaProblem(
  { store, clock, facts }: Pick<CommandContext, "store" | "clock" | "facts">,
  { seq: applicationSeq, environmentSeq }: Pick<Application, "seq" | "environmentSeq">,
  limit: number,
): Promise<Problem> {
  const at = clock.now();
  const { endpoints: used } = await store.queue.usage.read(applicationSeq, at);
  facts.state({ type: "quota.exceeded", applicationSeq, environmentSeq, quota: "endpoints", limit, at });
  return quotaProblem({ quota: "endpoints", limit, used }, at);
}

/** Returns what an application uses of its quota. Counts its messages first if they are limited. */
export async function usageOf(
  { store, quotas, clock }: Pick<CommandContext, "store" | "quotas" | "clock">,
  application: Application,
): Promise<QuotaUsage> {
  const isCounted = quotas.ofMessages(application) !== null;
  if (isCounted) await quotas.count(application.seq);
  const usage = await store.queue.usage.read(application.seq, clock.now());
  return isCounted ? usage : { ...usage, messages: null };
}
