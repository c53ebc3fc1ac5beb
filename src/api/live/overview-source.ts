import type { IdCodec, Seq } from "../../core/id.ts";
import { formatInstant } from "../../core/instant.ts";
import type { Application, LatestMessage, Store } from "../../store/index.ts";
import type { ApiDeps, OverviewNumbers } from "../http/deps.ts";
import { AttentionSource } from "./attention-source.ts";

/** Maximum number of latest messages in an overview. */
export const MESSAGES_MAX = 50;

/**
 * Builds the overview: the numbers and the latest messages of an environment, and what needs
 * attention.
 */
export class OverviewSource {
  readonly #store: Store;
  readonly #ids: IdCodec;
  readonly #numbers: (environmentSeq: Seq) => OverviewNumbers | Promise<OverviewNumbers>;

  readonly #attention: AttentionSource;

  constructor(deps: ApiDeps) {
    const { store, ids, overview } = deps;
    this.#store = store;
    this.#ids = ids;
    this.#numbers = overview;
    this.#attention = new AttentionSource(deps);
  }

  /** `onOutdated` is called when a part of the overview that was out of date can be read again. */
  async of(environmentSeq: Seq, onOutdated?: () => void) {
    const [environment, numbers, messages] = await Promise.all([
      this.#store.configuration.environments.get(environmentSeq),
      this.#numbers(environmentSeq),
      this.#store.history.messages.latest(environmentSeq, MESSAGES_MAX),
    ]);
    const applications = await this.#applicationsOf(messages);
    const attention = await this.#attention.of(environmentSeq, numbers.pending, onOutdated);
    return {
      environment: environment?.name ?? "",
      accepted: numbers.accepted,
      delivered: numbers.delivered,
      failing: numbers.failing,
      pending: numbers.pending,
      dead: numbers.dead,
      oldestDueAt: numbers.oldestDueAt === null ? null : formatInstant(numbers.oldestDueAt),
      attention: attention.entries,
      attentionTotal: attention.total,
      messages: messages.map((message) => this.#messageOut(message, applications.get(message.applicationSeq) ?? null)),
    };
  }

  async #applicationsOf(messages: readonly LatestMessage[]): Promise<Map<Seq, Application | null>> {
    const seqs = [...new Set(messages.map(({ applicationSeq }) => applicationSeq))];
    const found = await Promise.all(seqs.map((seq) => this.#store.configuration.applications.get(seq)));
    return new Map(seqs.map((seq, i) => [seq, found[i] ?? null]));
  }

  #messageOut(message: LatestMessage, application: Application | null) {
    return {
      id: this.#ids.encode("msg_", message.seq),
      appId: this.#ids.encode("app_", message.applicationSeq),
      appName: application?.name ?? "",
      appUid: application?.uid ?? null,
      eventType: message.eventType,
      eventId: message.eventId,
      timestamp: formatInstant(message.acceptedAt),
      deliveries: message.deliveries,
    };
  }
}
