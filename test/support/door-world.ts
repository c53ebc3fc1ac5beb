import type { ApiDeps } from "../../src/api/http/deps.ts";
import { createApi, listenOptions } from "../../src/api/http/server.ts";
import { Inbox } from "../../src/api/resources/inbox/inbox.ts";
import { createEndpoint } from "../../src/commands/endpoints.ts";
import { ensureEnvironment } from "../../src/commands/environments.ts";
import { parseSubnet } from "../../src/core/address.ts";
import { defaultEnvironment } from "../../src/core/environment.ts";
import type { Fact } from "../../src/core/fact.ts";
import { Facts } from "../../src/core/facts.ts";
import { plainApplication } from "../../src/core/resources/application.ts";
import { plainSource } from "../../src/core/resources/source.ts";
import { ServiceStack } from "../../src/core/service.ts";
import { doorTokenBytes, doorTokenText, tokenHash } from "../../src/core/token.ts";
import type { Keys } from "../../src/door/keys.ts";
import { systemClock } from "../../src/edge/clock.ts";
import { HttpClient } from "../../src/edge/http-client/client.ts";
import { systemRandom } from "../../src/edge/random.ts";
import { assemble, type Kernel } from "../../src/kernel.ts";
import type { Clock } from "../../src/ports.ts";
import { type Message, type Source, type SourceLogEntry, type Store, StoreUnavailable } from "../../src/store/index.ts";
import { openMemoryStore } from "../../src/store/sqlite/index.ts";
import { policy } from "./engine-world.ts";
import { memoryDatabase } from "./memory-database.ts";
import { type Receiver, startReceiver } from "./receiver.ts";

const PAGE = { limit: 1000, from: null, order: "descending", backwards: false } as const;
const DEDUPLICATE = { by: "delivery-id", windowSeconds: 86_400 };
const SECRET = `whsec_${Buffer.alloc(24).toString("base64")}`;

export interface DoorOptions {
  readonly clock?: Partial<Clock>;
  readonly keys?: Keys;
  readonly maxBodyBytes?: number;
  readonly pathPrefix?: string;
  /** Wraps the store that the server uses. */
  readonly wrapStore?: (store: Store) => Store;
}

/** A source with its URL at the door. */
export interface OpenedSource {
  readonly seq: number;
  readonly url: string;
  readonly path: string;
}

/** A server in this process, on a store in memory, with one consumer. */
const noSystem: ApiDeps["system"] = {
  ...{ commit: null, startedAt: 0, dataDir: "", retentionMs: 0, attemptsMax: 0 },
  settings: () => [],
  commits: () => ({ windowMs: 0, count: 0, p50Ms: null, p95Ms: null, p99Ms: null, maxMs: null }),
  retentionLastRunAt: () => null,
  memory: () => ({ residentBytes: null, heapBytes: null }),
  openFiles: async () => ({ open: null, max: null }),
  connections: () => ({ open: null, max: null }),
  engine: () => ({ attemptsUnderWay: 0, lanes: 0, oldestDueAt: null }),
  logLines: () => [],
};

export class DoorWorld implements AsyncDisposable {
  readonly facts: Fact[] = [];
  /** While true, every write fails. */
  isDiskFull = false;

  private constructor(
    readonly kernel: Kernel,
    readonly url: string,
    readonly consumer: Receiver,
    readonly environmentSeq: number,
    /** Aborted by tests to let the server refuse requests as if it was stopping. */
    readonly stopping: AbortController,
    private readonly close: () => Promise<void>,
  ) {}

  static async open(options: DoorOptions = {}): Promise<DoorWorld> {
    const db = memoryDatabase();
    const clock = { ...systemClock, ...options.clock };
    const facts = new Facts();
    const stopping = new AbortController();
    let world: DoorWorld | null = null;
    const beforeCommit = () => {
      if (world?.isDiskFull) throw new StoreUnavailable("The disk is full.");
    };
    const memory = openMemoryStore(db, clock, (fact) => facts.state(fact), beforeCommit);
    const store = options.wrapStore?.(memory.store) ?? memory.store;
    const transport = new HttpClient();
    const resolver = { resolve: async () => [] };
    const keys = options.keys === undefined ? {} : { keys: options.keys };
    const settings = { ...policy, allowSubnets: [parseSubnet("127.0.0.0/8")!] };
    const kernel = assemble({
      store,
      facts,
      ports: { clock, random: systemRandom, transport, resolver, ...keys },
      settings,
    });
    const { api } = createApi({
      ...kernel,
      settings: {
        maxBodyBytes: options.maxBodyBytes ?? policy.maxBodyBytes,
        httpsOnly: false,
        awsCredentials: "none",
        rootToken: null,
        jwtSecret: null,
        ingestRatePerSecond: null,
        ...{ retryScheduleMs: [], deliveryTimeoutMs: 15_000, endpointConcurrency: 16 },
        signatureHeaders: "webhook",
      },
      publicUrl: policy.publicUrl,
      ...(options.pathPrefix !== undefined && { pathPrefix: options.pathPrefix }),
      log: { debug: () => {}, error: () => {} },
      inbox: new Inbox(clock),
      metrics: { text: async () => "", contentType: "text/plain" },
      metricsToken: () => null,
      overview: () => ({ accepted: 0, delivered: 0, failing: 0, pending: 0, dead: 0, oldestDueAt: null }),
      system: noSystem,
      version: "test",
      stopping: stopping.signal,
    });
    api.listen({ ...listenOptions, hostname: "127.0.0.1", port: 0 });
    const environment = await ensureEnvironment(kernel, defaultEnvironment);
    const services = new ServiceStack([transport, ...kernel.services]);
    await services.start();
    const consumer = startReceiver();
    world = new DoorWorld(
      kernel,
      `http://127.0.0.1:${api.server!.port}`,
      consumer,
      environment.seq,
      stopping,
      async () => {
        await api.server?.stop(true);
        await services.stop();
        db.close();
        await consumer[Symbol.asyncDispose]();
      },
    );
    facts.subscribe((fact) => world?.facts.push(fact));
    return world;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Creates a source with an endpoint at the consumer. */
  async source(fields: Partial<Source> & Pick<Source, "type">): Promise<OpenedSource> {
    const { kernel, environmentSeq, consumer } = this;
    const { seqs, clock, store } = kernel;
    const [seq, applicationSeq, now] = [seqs.next(), seqs.next(), clock.now()];
    const { type } = fields;
    const plain = plainSource({ seq, environmentSeq, applicationSeq, type, provider: type, name: type, now });
    const application = plainApplication({ seq: applicationSeq, environmentSeq, name: type, now });
    const text = doorTokenText(kernel.random.bytes(doorTokenBytes));
    const token = { text, sha256: tokenHash(text) };
    const source = { ...plain, deduplicate: DEDUPLICATE, ...fields };
    const isCreated = await store.configuration.sources.create(source, { ...application, sourceSeq: seq }, token);
    if (!isCreated) throw new Error("The source was not created.");
    await createEndpoint(kernel, { applicationSeq, settings: { url: `${consumer.url}/hook` }, secret: SECRET });
    const path = `/in/${text}`;
    return { seq, url: this.url + path, path };
  }

  /** Changes a source as its commands do. */
  async change({ seq }: OpenedSource, change: Partial<Source>): Promise<void> {
    const { store, signals } = this.kernel;
    await store.configuration.sources.update(seq, () => change);
    signals.send({ type: "source.changed", sourceSeq: seq, environmentSeq: this.environmentSeq });
  }

  async get({ seq }: OpenedSource): Promise<Source> {
    return (await this.kernel.store.configuration.sources.get(seq))!;
  }

  /** Returns the messages of a source, oldest first. */
  async messages(opened: OpenedSource): Promise<readonly Message[]> {
    const { applicationSeq } = await this.get(opened);
    const { rows } = await this.kernel.store.history.messages.list(
      applicationSeq,
      {},
      { ...PAGE, order: "ascending" },
      true,
    );
    return rows;
  }

  /** Returns the log of a source, newest first. */
  async log({ seq }: OpenedSource): Promise<readonly SourceLogEntry[]> {
    return (await this.kernel.store.history.sourceLog.list(seq, PAGE)).rows;
  }

  counts({ seq }: OpenedSource) {
    return this.kernel.sourceCounter.of(seq);
  }
}
