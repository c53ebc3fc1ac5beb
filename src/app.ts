import { Accepter } from "./accept/accept.ts";
import { createApi, listenOptions } from "./api/http/server.ts";
import { defaultEnvironment } from "./api/identity/environment-name.ts";
import { Inbox } from "./api/resources/inbox/inbox.ts";
import type { Settings } from "./config/index.ts";
import { Facts } from "./core/fact.ts";
import { IdCodec, type SeqSource } from "./core/id.ts";
import { StartError } from "./core/start-error.ts";
import { BacklogWatch } from "./deliver/backlog-watch.ts";
import { Engine } from "./deliver/engine.ts";
import type { DeliveryPolicy } from "./deliver/policy.ts";
import { Retention } from "./deliver/retention.ts";
import { systemClock } from "./edge/clock.ts";
import { systemRandom } from "./edge/random.ts";
import { SystemResolver } from "./edge/resolver.ts";
import { FetchTransport } from "./edge/transport.ts";
import { type FirstStart, prepareFirstStart } from "./first-start.ts";
import { OperationalWebhooks } from "./operational/operational-webhooks.ts";
import { OperationalPayloads } from "./operational/payload.ts";
import { Directory } from "./store/directory.ts";
import type { Environment, Store } from "./store/index.ts";
import { openStore } from "./store/sqlite/index.ts";
import { factLog } from "./telemetry/fact-log.ts";
import type { Log } from "./telemetry/log.ts";
import { Metrics } from "./telemetry/metrics.ts";
import { Tally } from "./telemetry/tally.ts";

export interface RunningServer {
  /** Where it listens: `http://host:port`, without a slash at the end. */
  readonly url: string;
  /** Null unless the data directory was made by this start. */
  readonly firstStart: FirstStart | null;
  /** Stops accepting, finishes what is under way within `shutdown-timeout`, closes the store. */
  stop(): Promise<void>;
}

/** How long open connections may take to send what is left to say once everything has been stored. */
const CLOSE_GRACE_MS = 500;

/** Puts the program together: the only place that knows every part. Throws a `StartError` when it cannot start. */
export async function startServer(
  settings: Settings,
  { log, version }: { readonly log: Log; readonly version: string },
): Promise<RunningServer> {
  const facts = new Facts();
  const clock = systemClock;
  const random = systemRandom;
  const store = await openStore({ ...settings, clock, onFact: (fact) => facts.state(fact), exclusive: true });
  try {
    const ids = new IdCodec(store.idSeed);
    const seqs = store.numbers;
    facts.subscribe(factLog(log, ids));
    const environment = await ensureDefaultEnvironment(store, seqs);

    const directory = new Directory(store, clock);
    facts.subscribe(directory.listen);
    const tally = new Tally(await store.history.totals());
    facts.subscribe(tally.listen);
    const policy = deliveryPolicy(settings, version);
    const ports = { clock, random, transport: new FetchTransport(), resolver: new SystemResolver() };
    const engine = new Engine(ports, { store, directory, ids, seqs, facts, policy });
    const metrics = new Metrics({
      tally,
      attemptsUnderWay: () => engine.attemptsUnderWay,
      oldestDueAt: () => engine.oldestDueAt(),
      storeSize: () => store.housekeeping.size(),
    });
    facts.subscribe(metrics.listen);
    const operational = new OperationalWebhooks({
      store,
      seqs,
      clock,
      facts,
      accepter: new Accepter(store, seqs, clock, facts, engine),
      payloads: new OperationalPayloads(store, ids),
    });
    await operational.start();
    facts.subscribe(operational.listen);
    const backlogWatch = new BacklogWatch(clock, facts, store, settings.backlogThresholdMs, () =>
      engine.oldestDue(({ applicationSeq }) => !operational.isHidden(applicationSeq)),
    );
    const retention = new Retention(clock, store, settings.retentionMs);
    const stopping = new AbortController();
    let publicUrl = settings.publicUrl ?? "";
    const api = createApi({
      store,
      ids,
      seqs,
      clock,
      random,
      facts,
      settings,
      publicUrl: () => publicUrl,
      log,
      directory,
      deliverer: engine,
      metrics,
      inbox: new Inbox(clock),
      operational,
      overview: async (environmentSeq) => ({
        ...tally.of(environmentSeq),
        failing: await store.history.failingEndpoints(environmentSeq),
      }),
      version,
      stopping: stopping.signal,
    });
    const url = listen(api, settings);
    publicUrl = settings.publicUrl ?? url;
    policy.inbox = { prefix: `${publicUrl}/inbox/`, origin: url };
    const { rootToken } = settings;
    const environmentSeq = environment.seq;
    const firstStart = await prepareFirstStart({ store, seqs, clock, random, environmentSeq, rootToken, publicUrl });
    await engine.start();
    retention.start();
    await backlogWatch.start();

    return {
      url,
      firstStart,
      async stop() {
        stopping.abort();
        const closed = api.server?.stop(false);
        retention.stop();
        backlogWatch.stop();
        await engine.stop(settings.shutdownTimeoutMs);
        await operational.stop();
        await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, CLOSE_GRACE_MS))]);
        await store.close();
        metrics.stop();
        await api.server?.stop(true);
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function deliveryPolicy(settings: Settings, version: string): DeliveryPolicy & { inbox: DeliveryPolicy["inbox"] } {
  return { ...settings, userAgent: `Boathook/${version}`, inbox: null };
}

/** Where it listens. An address that stands for all of them is reached at the loopback address. */
function listen(api: ReturnType<typeof createApi>, { host, port }: Settings): string {
  try {
    api.listen({ ...listenOptions, hostname: host, port });
  } catch (error) {
    throw new StartError(`Cannot listen on ${host}:${port}: ${listenProblem(error)}`);
  }
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${api.server?.port}`;
}

function listenProblem(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "EADDRINUSE") return "the port is in use. Stop what uses it, or set another port.";
  if (code === "EACCES") return "not allowed. Ports below 1024 need a privilege; set another port.";
  return `${code || String(error)}.`;
}

function ensureDefaultEnvironment(store: Store, seqs: SeqSource): Promise<Environment> {
  return store.configuration.environments.ensure({
    seq: seqs.next(),
    name: defaultEnvironment,
    createdAt: systemClock.now(),
  });
}
