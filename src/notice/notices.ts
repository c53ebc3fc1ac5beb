import { UNVERIFIED_MS } from "../core/attention-rules.ts";
import type { Seq } from "../core/id.ts";
import type { NoticeChannelName } from "../core/notice.ts";
import { OneLife } from "../core/service.ts";
import type { Cancel } from "../ports.ts";
import { type EndpointHealth, StoreUnavailable, type Troubled } from "../store/index.ts";
import { ChannelNotices, digestMsFor } from "./channel-notices.ts";
import type { NoticesParts } from "./notices-parts.ts";
import type { Observed } from "./rules.ts";
import { type TestedChannel, TestNotices } from "./test-notice.ts";

const LOOK_EVERY_MS_MAX = 15_000;
const LOOKS_PER_DIGEST = 4;
/** Endpoints that were disabled longer ago, in ms, are not reported any more. */
const DISABLED_MS_MAX = 7 * 86_400_000;

/**
 * Sends notices to people about endpoints that fail, were disabled, stay unverified or have
 * recovered, and about backlogs. Looks at the stored state from time to time rather than at facts, so a restart or an
 * outage of a channel loses no notice.
 */
export class Notices extends OneLife {
  readonly #stopping = new AbortController();
  readonly #tests: TestNotices;
  #channels: readonly ChannelNotices[] = [];
  #cancel: Cancel = () => {};
  #looking: Promise<void> = Promise.resolve();

  constructor(private readonly parts: NoticesParts) {
    super();
    this.#tests = new TestNotices(parts, this.#stopping.signal);
  }

  protected async begin(): Promise<void> {
    if (this.parts.channels.length === 0) return;
    await this.#becomeLeader();
    this.#later();
  }

  protected async end(): Promise<void> {
    this.#cancel();
    this.#stopping.abort();
    await this.#looking;
    for (const channel of this.#channels) await channel.finish();
  }

  /** The channels that are configured. */
  get channelNames(): readonly NoticeChannelName[] {
    return this.parts.channels.map(({ name }) => name);
  }

  /** Sends a test notice to each channel. */
  test(): Promise<readonly TestedChannel[]> {
    return this.#tests.send();
  }

  /**
   * Reads what was sent by the process that led before. Returns whether this one leads: the others send
   * nothing.
   */
  async #becomeLeader(): Promise<boolean> {
    const { housekeeping } = this.parts.store;
    if (!(await housekeeping.leads())) {
      const left = this.#channels;
      this.#channels = [];
      for (const channel of left) await channel.finish();
      return false;
    }
    if (this.#channels.length > 0) return true;
    const sent = await housekeeping.notices.sent();
    const { signal } = this.#stopping;
    this.#channels = this.parts.channels.map((channel) => new ChannelNotices(this.parts, channel, sent, signal));
    return true;
  }

  /** Looks at all states once, and starts sending what is due. */
  async look(): Promise<void> {
    try {
      if (!(await this.#becomeLeader())) return;
      const observed = await this.#observe();
      for (const channel of this.#channels) channel.look(observed);
    } catch (error) {
      // The next look reads everything again.
      if (error instanceof StoreUnavailable) return;
      this.parts.facts.state({ type: "defect.found", where: "notices", error });
    }
  }

  #later(): void {
    if (this.isStopping) return;
    const everyMs = Math.min(LOOK_EVERY_MS_MAX, digestMsFor(this.parts.timing.afterMs) / LOOKS_PER_DIGEST);
    this.#cancel = this.parts.clock.after(everyMs, () => {
      this.#looking = this.look().finally(() => this.#later());
    });
  }

  async #observe(): Promise<Observed> {
    const { clock, timing } = this.parts;
    const { notices } = this.parts.store.housekeeping;
    const before = clock.now() - timing.afterMs;
    const failing = mapOf(await notices.failing(before));
    const disabled = mapOf(await notices.disabled(clock.now() - DISABLED_MS_MAX));
    const unverified = mapOf(await notices.unverified(clock.now() - UNVERIFIED_MS));
    const { backlogs, calm, known } = await this.#backlogs(before);
    const open = this.#channels.flatMap((channel) => channel.open());
    const environments = new Set(open.filter(({ kind }) => kind === "backlog").map(({ subjectSeq }) => subjectSeq));
    const endpoints = new Set(open.map(({ subjectSeq }) => subjectSeq).filter((seq) => !environments.has(seq)));
    const health = await notices.healthOf([...endpoints]);
    await this.#forget([
      ...seqsWith(health, "gone"),
      ...[...environments].filter((environmentSeq) => !known.has(environmentSeq)),
    ]);
    return { failing, disabled, unverified, backlogs, recovered: new Set([...seqsWith(health, "healthy"), ...calm]) };
  }

  /** Returns the environments by the state of their backlogs. */
  async #backlogs(before: number) {
    const { backlogWatch, store } = this.parts;
    const backlogs = new Map<Seq, number>();
    const calm: Seq[] = [];
    const environments = await store.configuration.environments.list();
    for (const { seq } of environments) {
      const since = backlogWatch.growingSince(seq);
      if (since === null) calm.push(seq);
      else if (since <= before) backlogs.set(seq, since);
    }
    return { backlogs, calm, known: new Set(environments.map(({ seq }) => seq)) };
  }

  /** Forgets the notices about what has been deleted. */
  async #forget(subjectSeqs: readonly Seq[]): Promise<void> {
    if (subjectSeqs.length === 0) return;
    for (const channel of this.#channels) for (const seq of subjectSeqs) channel.forget(seq);
    await this.parts.store.housekeeping.notices.forget(subjectSeqs);
  }
}

function mapOf(states: readonly Troubled[]): ReadonlyMap<Seq, number> {
  return new Map(states.map(({ seq, since }) => [seq, since]));
}

function seqsWith(health: ReadonlyMap<Seq, EndpointHealth>, wanted: EndpointHealth): Seq[] {
  return [...health].flatMap(([seq, state]) => (state === wanted ? [seq] : []));
}
