import type { IdCodec, Seq } from "../../core/id.ts";
import type { Clock } from "../../ports.ts";
import { countAttempts } from "../../store/count.ts";
import type { Application, Store, Task } from "../../store/index.ts";
import type { Step, TaskKind } from "./task-kind.ts";

/**
 * Reports about the applications of an environment. All names, including those in the results, are
 * from the Svix API.
 */
export const APP_STATS = "application.stats";
export const EVENT_TYPE_AGGREGATE = "event-type.aggregate";

/** The `data` of both tasks, without the result. */
interface Progress {
  /** The last application that has been processed. */
  readonly from: Seq;
}

export interface AppStatsData extends Progress {
  /** Counts attempts that ended from `since` to `until`. */
  readonly since: number;
  readonly until: number;
  /** The applications in the report. Null means all. */
  readonly applicationSeqs: readonly Seq[] | null;
  readonly appStats: readonly unknown[];
}

export interface AggregateData extends Progress {
  readonly event_types: readonly unknown[];
}

/**
 * Number of applications per step. Each step stores the whole report again, so steps must not be
 * small.
 */
const STEP_APPLICATIONS = 500;
/** Maximum number of applications in a report, because a report is read as a whole. */
const REPORT_APPLICATIONS_MAX = 50_000;
const TOO_MANY = `The environment has more than ${REPORT_APPLICATIONS_MAX} applications, the maximum for a report.`;
/** Pause between two steps, in ms, so that deliveries and requests are not held up. */
const REST_MS = 20;

interface Parts {
  readonly store: Store;
  readonly ids: IdCodec;
}

export function usageKinds(clock: Clock, parts: Parts): TaskKind[] {
  return [new AppStats(clock, parts), new EventTypeAggregate(parts)];
}

/**
 * Returns the next applications of an environment that a report covers, in the order of their
 * numbers.
 */
async function nextApplications(store: Store, environmentSeq: Seq, from: Seq, wanted: readonly Seq[] | null) {
  if (wanted === null) {
    const page = { limit: STEP_APPLICATIONS, from, backwards: false, order: "ascending" } as const;
    const { rows, more } = await store.configuration.applications.list(environmentSeq, page);
    return { rows, last: more ? rows.at(-1)!.seq : null };
  }
  const ahead = wanted.filter((seq) => seq > from).sort((a, b) => a - b);
  const part = ahead.slice(0, STEP_APPLICATIONS);
  const found = await Promise.all(part.map((seq) => store.configuration.applications.find(environmentSeq, { seq })));
  const rows = found.filter((application) => application !== null);
  return { rows, last: ahead.length > part.length ? part.at(-1)! : null };
}

/** Counts the attempts of each application. */
class AppStats implements TaskKind {
  readonly kind = APP_STATS;

  constructor(
    private readonly clock: Clock,
    private readonly parts: Parts,
  ) {}

  async step(task: Task): Promise<Step> {
    const data = task.data as unknown as AppStatsData;
    const { rows, last } = await nextApplications(
      this.parts.store,
      task.environmentSeq,
      data.from,
      data.applicationSeqs,
    );
    const appStats = [...data.appStats];
    for (const application of rows) appStats.push(await this.#statsOf(application, data));
    const after = { ...data, appStats, from: last ?? data.from };
    if (appStats.length > REPORT_APPLICATIONS_MAX) return { data: { ...data }, nextInMs: null, failure: TOO_MANY };
    return { data: after, nextInMs: last === null ? null : REST_MS };
  }

  async #statsOf({ seq, uid }: Application, { since, until }: AppStatsData) {
    const { store, ids } = this.parts;
    let messageDestinations = 0;
    for (const endpointSeq of await store.configuration.endpoints.ever(seq)) {
      const { delivered, failed } = await countAttempts(store, this.clock, endpointSeq, since, until);
      messageDestinations += delivered + failed;
    }
    return { appId: ids.encode("app_", seq), appUid: uid, messageDestinations };
  }
}

/**
 * Lists, for each application, the event types that its endpoints subscribe to by name, and whether
 * any endpoint subscribes to all.
 */
class EventTypeAggregate implements TaskKind {
  readonly kind = EVENT_TYPE_AGGREGATE;

  constructor(private readonly parts: Parts) {}

  async step(task: Task): Promise<Step> {
    const data = task.data as unknown as AggregateData;
    const { rows, last } = await nextApplications(this.parts.store, task.environmentSeq, data.from, null);
    const event_types = [...data.event_types];
    for (const application of rows) event_types.push(await this.#typesOf(application));
    const after = { ...data, event_types, from: last ?? data.from };
    if (event_types.length > REPORT_APPLICATIONS_MAX) return { data: { ...data }, nextInMs: null, failure: TOO_MANY };
    return { data: after, nextInMs: last === null ? null : REST_MS };
  }

  async #typesOf({ seq }: Application) {
    const endpoints = await this.parts.store.configuration.endpoints.active(seq);
    const names = new Set(endpoints.flatMap(({ eventTypes }) => eventTypes ?? []));
    return {
      appId: this.parts.ids.encode("app_", seq),
      explicitlySubscribedEventTypes: [...names].sort(),
      hasCatchAllEndpoint: endpoints.some(({ eventTypes }) => eventTypes === null),
    };
  }
}
