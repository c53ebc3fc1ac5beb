import { Accepter } from "./accept/accept.ts";
import { Idempotency, type MismatchPolicy } from "./accept/idempotency.ts";
import { PayloadRules } from "./accept/payload-rules.ts";
import { Quotas } from "./accept/quotas.ts";
import { Challenges } from "./challenge/challenges.ts";
import type { CommandContext } from "./commands/context.ts";
import { lazyBrokers } from "./consume/brokers.ts";
import { type Brokers, Consumers } from "./consume/consumers.ts";
import { takeMessages } from "./consume/take.ts";
import type { Facts } from "./core/facts.ts";
import { IdCodec, type Seq } from "./core/id.ts";
import type { Service } from "./core/service.ts";
import { Signals } from "./core/signal.ts";
import type { Tracer } from "./core/tracer.ts";
import { CronRuns } from "./cron/cron-runs.ts";
import { Engine } from "./deliver/engine.ts";
import type { EnginePorts } from "./deliver/engine-parts.ts";

import { MoveHolds } from "./deliver/move-holds.ts";
import { OldestDueAnywhere } from "./deliver/oldest-due.ts";
import type { DeliveryPolicy } from "./deliver/policy.ts";
import { Retention } from "./deliver/tasks/retention.ts";
import { SeriesKeeper } from "./deliver/tasks/series-keeper.ts";
import { BacklogWatch } from "./deliver/watches/backlog-watch.ts";
import { CertificateWatch } from "./deliver/watches/certificate-watch.ts";
import { ClockTrustWatch } from "./deliver/watches/clock-trust-watch.ts";
import { IngestPace } from "./door/ingest-pace.ts";
import { type Keys, noKeys } from "./door/keys.ts";
import { prepareReceiver } from "./door/prepare.ts";
import { RefusalLog } from "./door/refusal-log.ts";
import { SourceCounter } from "./door/source-counter.ts";
import { SourceDirectory } from "./door/source-directory.ts";
import { OperationalWebhooks } from "./operational/operational-webhooks.ts";
import { OperationalPayloads } from "./operational/payload.ts";
import { noSandbox } from "./sandbox/sandbox.ts";
import { ConsumerGuard } from "./sockets/consumer-guard.ts";
import { SocketConsumers } from "./sockets/socket-consumers.ts";
import { Directory } from "./store/directory.ts";
import type { Store } from "./store/index.ts";
import { type HeavyWork, workOnThisThread } from "./thread/heavy-work.ts";

export interface KernelSettings extends DeliveryPolicy {
  /**
   * Age of the oldest due delivery above which a backlog counts as growing, in ms; 0 means never.
   */
  readonly backlogThresholdMs: number;
  readonly retentionMs: number;
  /**
   * Whether the operator has confirmed that the clock is right, although it is far ahead of the
   * stored data.
   */
  readonly acceptClock?: boolean;
  readonly endpointsPerAppMax: number;
  /** Whether new and changed URLs of endpoints must be verified. The default is `off`. */
  readonly endpointChallenge?: "off" | "on";
  /** The defaults of quotas. Null or absent means no limit. */
  readonly quotaEndpoints?: number | null;
  readonly quotaMessagesPerDay?: number | null;
  readonly quotaStoredBytes?: number | null;
  /** Returns the URL under which the server can be reached, without a slash at the end. */
  readonly publicUrl: () => string;
  /** The default is `replay`. */
  readonly idempotencyMismatch?: MismatchPolicy;
}

export interface KernelParts {
  readonly store: Store;
  /** The facts, to which `store` also publishes its own. */
  readonly facts: Facts;
  readonly ports: EnginePorts & {
    /** Fetches the keys of providers. By default none can be fetched. */
    readonly keys?: Keys;
    /** The message brokers. By default the real ones. */
    readonly brokers?: Brokers;
    /** By default, heavy work blocks the calling thread. */
    readonly heavyWork?: HeavyWork;
  };
  readonly settings: KernelSettings;
}

/**
 * The product without the HTTP API and the command line. The server, the simulation and the
 * engine's tests are built on it.
 */
export interface Kernel extends CommandContext {
  readonly engine: Engine;
  /** Null unless traces are exported. */
  readonly tracer: Tracer | null;
  readonly idempotency: Idempotency;
  readonly retention: Retention;
  readonly series: SeriesKeeper;
  readonly cron: CronRuns;
  readonly consumers: Consumers;
  readonly backlogWatch: BacklogWatch;
  readonly certificates: CertificateWatch;
  readonly clockTrust: ClockTrustWatch;
  readonly consumerGuard: ConsumerGuard;
  /** The oldest due delivery of an environment, without those of operational webhooks. */
  readonly oldestDue: OldestDueAnywhere;
  /**
   * The services, in the order in which they start. The caller owns the store and closes it after
   * these have stopped.
   */
  readonly services: readonly Service[];
}

/** Assembles the product on a store and the ports to the outside world. Starts nothing. */
export function assemble({ store, facts, ports, settings }: KernelParts): Kernel {
  const { clock, random } = ports;
  const signals = new Signals((error, signal) => {
    facts.state({ type: "defect.found", where: `listener of the signal ${signal}`, error });
  }, store.feed.publish);
  store.feed.subscribe((signal) => signals.receive(signal));
  const ids = new IdCodec(store.idSeed, store.moves?.ids, store.shards);
  const seqs = store.numbers;
  const directory = new Directory(store, clock, signals);
  const { publicUrl } = settings;
  const heavyWork = ports.heavyWork ?? workOnThisThread;
  const sources = new SourceDirectory({ store, clock, signals, prepare: prepareReceiver, publicUrl });
  const sourceCounter = new SourceCounter(clock, store);
  const clockTrust = new ClockTrustWatch(clock, facts, store, settings.acceptClock ?? false);
  const isClockDoubted = () => clockTrust.isDoubted;
  const socketConsumers = new SocketConsumers(clock, signals);
  const consumerGuard = new ConsumerGuard(socketConsumers, store, signals, clock);
  const engine = new Engine(ports, {
    ...{ store, socketConsumers, directory, ids, seqs, facts, signals },
    ...{ policy: settings, publicUrl, isClockDoubted },
  });
  const tracer = ports.tracer ?? null;
  const quotas = new Quotas(store, clock, {
    endpoints: settings.quotaEndpoints ?? null,
    messagesPerDay: settings.quotaMessagesPerDay ?? null,
    storedBytes: settings.quotaStoredBytes ?? null,
  });
  const accepter = new Accepter(store, seqs, clock, facts, signals, engine, tracer, quotas);
  const payloads = new OperationalPayloads(store, ids);
  const operational = new OperationalWebhooks({ store, seqs, clock, facts, signals, accepter, payloads });
  const isCounted = ({ applicationSeq }: { readonly applicationSeq: Seq }) => !operational.isHidden(applicationSeq);
  const anywhere = (ageMs: number) => engine.oldestDueAnywhere(ageMs, isCounted);
  const oldestDue = new OldestDueAnywhere({
    ...{ clock, facts, anywhere },
    isShared: () => store.feed.isShared(),
    own: () => engine.oldestDue(isCounted),
  });
  const backlogWatch = new BacklogWatch(clock, facts, store, settings.backlogThresholdMs, anywhere);
  const retention = new Retention(clock, store, settings.retentionMs, isClockDoubted);
  const series = new SeriesKeeper(clock, store, facts, (applicationSeq) => operational.isHidden(applicationSeq));
  const challenges =
    settings.endpointChallenge === "on"
      ? new Challenges({
          ...{ store, directory, facts, signals, ids, seqs, ports, policy: settings, publicUrl },
          isHeld: () => engine.isHeld,
        })
      : null;
  const cron = new CronRuns({ store, clock, facts, signals, ids, directory, accepter });
  const payloadRules = new PayloadRules(store.configuration.eventTypes, clock, signals, heavyWork);
  const [ingestPace, refusalLog] = [new IngestPace(clock), new RefusalLog(store, seqs, clock)];
  const taking = {
    ...{ clock, facts, ids, directory, accepter, payloadRules, ingestPace, refusalLog, sourceCounter },
    maxBodyBytes: settings.maxBodyBytes,
  };
  const consumers = new Consumers({
    ...{ store, clock, facts, signals, ids },
    brokers: ports.brokers ?? lazyBrokers({ ...ports, policy: settings, bodyBytesMax: settings.maxBodyBytes }),
    take: (entry, messages) => takeMessages(taking, entry, messages),
  });
  return {
    ...{ store, ids, seqs, clock, random, facts, signals, directory, accepter, quotas },
    ...{ deliverer: engine, socketConsumers, consumerGuard, operational, challenges },
    ...{ sources, sourceCounter, keys: ports.keys ?? noKeys },
    ...{ ingestPace, refusalLog, payloadRules, consumers },
    moveHolds: new MoveHolds(clock, engine, directory, store.moves?.origin),
    ...{ engine, retention, backlogWatch, clockTrust, series, cron, oldestDue },
    ...{ heavyWork, tracer, sandbox: ports.sandbox ?? noSandbox },
    certificates: new CertificateWatch(clock, store, signals, () => consumers.certificates()),
    limits: {
      endpointsPerAppMax: settings.endpointsPerAppMax,
      hasAwsCredentials: (settings.awsCredentials ?? null) !== null,
    },
    idempotency: new Idempotency(store, clock, facts, settings.idempotencyMismatch ?? "replay"),
    services: [
      ...[clockTrust, series, operational, socketConsumers, consumerGuard, engine],
      ...(challenges === null ? [] : [challenges]),
      ...[cron, backlogWatch, retention, sourceCounter, consumers],
    ],
  };
}
