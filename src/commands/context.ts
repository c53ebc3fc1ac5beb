import type { Accepter } from "../accept/accept.ts";
import type { PayloadRules } from "../accept/payload-rules.ts";
import type { Quotas } from "../accept/quotas.ts";
import type { Challenges } from "../challenge/challenges.ts";
import type { Consumers } from "../consume/consumers.ts";
import type { Facts } from "../core/facts.ts";
import type { IdCodec, SeqSource } from "../core/id.ts";
import type { Signals } from "../core/signal.ts";
import type { Deliverer } from "../deliver/deliverer.ts";
import type { MoveHolds } from "../deliver/move-holds.ts";
import type { IngestPace } from "../door/ingest-pace.ts";
import type { Keys } from "../door/keys.ts";
import type { RefusalLog } from "../door/refusal-log.ts";
import type { SourceCounter } from "../door/source-counter.ts";
import type { SourceDirectory } from "../door/source-directory.ts";
import type { OperationalWebhooks } from "../operational/operational-webhooks.ts";
import type { Clock, Random } from "../ports.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { SocketConsumers } from "../sockets/socket-consumers.ts";
import type { Directory } from "../store/directory.ts";
import type { Store } from "../store/index.ts";
import type { HeavyWork } from "../thread/heavy-work.ts";

/**
 * The parts that commands use. A command is one thing that the product can do: it checks the
 * product's rules, changes the store, sends signals and publishes facts. It does not depend on
 * HTTP, on callers or on their permissions.
 */
export interface CommandContext {
  readonly store: Store;
  readonly ids: IdCodec;
  readonly seqs: SeqSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly facts: Facts;
  readonly signals: Signals;
  readonly directory: Directory;
  readonly sources: SourceDirectory;
  readonly sourceCounter: SourceCounter;
  /** The sources that take messages from brokers. */
  readonly consumers: Pick<Consumers, "stateOf">;
  readonly ingestPace: IngestPace;
  readonly refusalLog: RefusalLog;
  /** The keys with which providers sign. */
  readonly keys: Keys;
  readonly payloadRules: PayloadRules;
  readonly accepter: Accepter;
  readonly quotas: Quotas;
  /** The applications that are about to leave this installation. */
  readonly moveHolds: MoveHolds;
  readonly deliverer: Deliverer;
  /** The consumers of `websocket:` endpoints. */
  readonly socketConsumers: SocketConsumers;
  readonly operational: OperationalWebhooks;
  /** The challenges of endpoints. Null if they are off. */
  readonly challenges: Pick<Challenges, "first" | "again" | "waitMs"> | null;
  /** Work that would block the event loop. */
  readonly heavyWork: HeavyWork;
  /** Runs code of customers. */
  readonly sandbox: Sandbox;
  readonly limits: Limits;
}

/** Limits that the settings define. */
export interface Limits {
  /** Maximum number of endpoints of one application. */
  readonly endpointsPerAppMax: number;
  /** Whether URLs of AWS may be without keys, because the server has its own. */
  readonly hasAwsCredentials: boolean;
}
