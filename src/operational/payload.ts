import type { IdCodec, Seq } from "../core/id.ts";
import type { ReportedFact } from "../core/operational.ts";
import type { Store } from "../store/index.ts";

/**
 * Builds the `data` of operational webhooks: the fields of the Svix API (ids and uids of the
 * records) and additional fields. The uids are read when the webhook is built, so a uid that was
 * changed after the fact has its new value.
 */
export class OperationalPayloads {
  constructor(
    private readonly store: Pick<Store, "configuration" | "history">,
    private readonly ids: IdCodec,
  ) {}

  of(fact: ReportedFact): Promise<object> {
    switch (fact.type) {
      case "attempt.finished":
        return this.#attempt(fact);
      case "endpoint.disabled":
        return this.#disabled(fact);
      case "backlog.growing":
        return this.#growing(fact);
      case "backlog.recovered":
        return Promise.resolve({ growingSince: instant(fact.growingSince), thresholdMs: fact.thresholdMs });
      default:
        return this.#where(fact);
    }
  }

  /** Returns the ids and uids of an application and an endpoint, even if they have been deleted. */
  async #where({ applicationSeq, endpointSeq }: { readonly applicationSeq: Seq; readonly endpointSeq: Seq }) {
    const application = await this.store.configuration.applications.known(applicationSeq);
    const endpoint = await this.store.configuration.endpoints.get(endpointSeq);
    return {
      appId: this.ids.encode("app_", applicationSeq),
      appUid: application?.uid ?? null,
      endpointId: this.ids.encode("ep_", endpointSeq),
      endpointUid: endpoint?.uid ?? null,
    };
  }

  async #attempt(fact: Extract<ReportedFact, { readonly type: "attempt.finished" }>) {
    const message = await this.store.history.messages.get(fact.messageSeq);
    const attempt = await this.store.history.attempts.get(fact.messageSeq, fact.attemptSeq);
    return {
      ...(await this.#where(fact)),
      msgId: this.ids.encode("msg_", fact.messageSeq),
      msgEventId: message?.eventId ?? null,
      lastAttempt: {
        id: this.ids.encode("atmpt_", fact.attemptSeq),
        responseStatusCode: fact.responseStatus,
        timestamp: instant(attempt?.startedAt ?? null),
      },
    };
  }

  async #disabled(fact: Extract<ReportedFact, { readonly type: "endpoint.disabled" }>) {
    return {
      ...(await this.#where(fact)),
      failSince: instant(fact.failingSince),
      trigger: fact.cause === "manual" ? "manual" : "automatic",
    };
  }

  async #growing(fact: Extract<ReportedFact, { readonly type: "backlog.growing" }>) {
    return {
      ...(await this.#where(fact)),
      oldestDueAt: instant(fact.oldestDueAt),
      thresholdMs: fact.thresholdMs,
    };
  }
}

function instant(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
