import { createApi } from "./api/http/server.ts";
import { Inbox } from "./api/resources/inbox/inbox.ts";
import { functionSender } from "./api/resources/message/function-sender.ts";
import { scheduledBackups } from "./backup-service.ts";
import { holdDelivery } from "./commands/delivery.ts";
import { ensureEnvironment } from "./commands/environments.ts";
import type { SettingInForce, Settings } from "./config/index.ts";
import { connectionLimits, logConnections } from "./connection-limits.ts";
import { dataName } from "./core/data-name.ts";
import { defaultEnvironment } from "./core/environment.ts";
import { Facts } from "./core/facts.ts";
import type { KeyPair } from "./core/key-pair.ts";
import { certificatesEndAt } from "./core/pem.ts";
import { type Service, ServiceStack } from "./core/service.ts";
import { KeyCache } from "./door/key-cache.ts";
import { ClientConnections } from "./edge/client-connections.ts";
import { HttpClient } from "./edge/http-client/client.ts";
import { EgressProxy } from "./edge/http-client/proxy.ts";
import { oidcLogin } from "./edge/oidc.ts";
import { OwnAddress } from "./edge/own-address.ts";
import { LazyProtocolClients } from "./edge/protocol-clients.ts";
import { systemRandom } from "./edge/random.ts";
import { systemResolver } from "./edge/resolver.ts";
import { type FirstStartShown, prepareData, settleRootToken } from "./first-start.ts";
import { grpcServer } from "./grpc-server.ts";
import { createHttpServer, ServingState } from "./http-server.ts";
import { assemble, type Kernel } from "./kernel.ts";
import { kernelSettings } from "./kernel-settings.ts";
import { metricsReadings } from "./metrics-readings.ts";
import type { Notices } from "./notice/notices.ts";
import { noticeService } from "./notice-service.ts";
import { openServerStore, startErrorOf, warnOfUnenforcedRules } from "./server-store.ts";
import { systemReadings } from "./system-readings.ts";
import { CommitTimes } from "./telemetry/commit-times.ts";
import { deliveryHeldText, logAttempts, logFacts } from "./telemetry/fact-log.ts";
import type { Log } from "./telemetry/log.ts";
import { Metrics } from "./telemetry/metrics.ts";
import type { RecentLines } from "./telemetry/recent-lines.ts";
import { RequestCounts } from "./telemetry/request-counts.ts";
import { Tally } from "./telemetry/tally.ts";
import { TallyCorrection } from "./telemetry/tally-correction.ts";
import { WorkThread } from "./thread/work-thread.ts";
import { tracingFor } from "./tracing.ts";
import { openWorker, sandboxFor } from "./worker-threads.ts";

export interface RunningServer {
  /** The URL on which the server listens: `http://host:port`, without a trailing slash, or `unix:/path`. */
  readonly url: string;
  /** Null unless this start created the data directory and a root token. */
  readonly firstStart: FirstStartShown | null;
  /** Changes the token that `/metrics` requires; null means none. */
  setMetricsToken(token: string | null): void;
  /**
   * Uses another certificate for new connections. Rejects if it cannot be used; the former one then
   * stays in use. Must only be called if the server was started with a certificate.
   */
  setKeyPair(keyPair: KeyPair): Promise<void>;
  /**
   * Stops accepting requests, waits up to `shutdown-timeout` for work in progress, and closes the
   * store.
   */
  stop(): Promise<void>;
}

interface Options {
  readonly log: Log;
  /** The certificate for HTTPS. Null or absent: the server speaks plain HTTP. */
  readonly keyPair?: KeyPair | null;
  /** The command line that starts this program. Without it, there are no scheduled backups. */
  readonly program?: readonly string[];
  /** Returns the settings in force with their sources. */
  readonly settingsInForce?: () => readonly SettingInForce[];
  /** The latest warnings and errors of the log. */
  readonly recentLines?: Pick<RecentLines, "list">;
  /** The commit from which the executable was built, or null if it is not known. */
  readonly commit?: string | null;
  /** Returns the number of log lines that have been dropped so far. */
  readonly logLinesDropped?: () => number;
  /** Returns whether attempts are logged. Called for every attempt. */
  readonly logsAttempts?: () => boolean;
  /**
   * Shows a generated root token to the operator. If null, the token is written to a file in the
   * data directory.
   */
  readonly showRootToken: ((token: string) => void | Promise<void>) | null;
  readonly version: string;
  /**
   * Whether the operator has confirmed that the clock is right, although it is far ahead of the
   * stored data.
   */
  readonly acceptClock?: boolean;
  /** Whether to copy the database before its schema is upgraded. Default: true. */
  readonly upgradeCopy?: boolean;
  /** False holds all deliveries from this start on, true resumes them. By default nothing changes. */
  readonly deliver?: boolean;
}

/** Assembles the program from its parts and starts it. Throws a `StartError` if it cannot start. */
export async function startServer(settings: Settings, options: Options): Promise<RunningServer> {
  const facts = new Facts();
  const store = await openServerStore(settings, options, facts);
  const { clock } = store;
  try {
    const resolver = systemResolver(settings.nameServers);
    const { egressProxy } = settings;
    const proxy = egressProxy === null ? null : new EgressProxy(egressProxy, resolver);
    const transport = new HttpClient({ proxy });
    const clients = new LazyProtocolClients();
    const address = new OwnAddress({ ...settings, isEncrypted: (options.keyPair ?? null) !== null });
    const policy = kernelSettings(settings, options, address);
    const keys = new KeyCache({ clock, transport, resolver, policy });
    const heavyWork = new WorkThread(clock, openWorker);
    const tracing = tracingFor(settings, store, facts, options.version);
    const tracer = tracing?.tracer ?? null;
    const sandbox = sandboxFor(settings, clock);
    const sender = functionSender(() => kernel, settings.maxBodyBytes);
    const outer = { transport, clients, resolver, keys, heavyWork, tracer, sandbox, functionSender: sender };
    const ports = { clock, random: systemRandom, ...outer };
    const kernel: Kernel = assemble({ store, facts, ports, settings: policy });
    const outside = [...(tracing === null ? [] : [tracing.exporter]), transport, clients, heavyWork, sandbox];
    const notices = noticeService(kernel, settings, { transport, resolver }, () => address.publicUrl);
    return await run({ ...kernel, notices }, outside, address, settings, options);
  } catch (error) {
    await store.close();
    throw startErrorOf(error, settings);
  }
}

/** Starts the services on an open store. If one cannot start, stops the others. */
async function run(
  kernel: Kernel & { readonly notices: Notices },
  outside: readonly Service[],
  address: OwnAddress,
  settings: Settings,
  options: Options,
): Promise<RunningServer> {
  const {
    log,
    version,
    keyPair = null,
    commit = null,
    logLinesDropped = () => 0,
    logsAttempts = () => false,
    showRootToken,
    deliver,
  } = options;
  const { store, clock, facts, ids, engine } = kernel;
  logFacts(facts, log, ids);
  logAttempts(facts, log, ids, logsAttempts);
  const limits = connectionLimits(settings, log);
  await warnOfUnenforcedRules(store, log);
  const tally = new Tally(await store.history.totals());
  tally.listenTo(facts);
  const correction = new TallyCorrection({ tally, store, clock, facts });
  const requests = new RequestCounts();
  const backups = scheduledBackups(kernel, settings, options.program);
  const readings = systemReadings(kernel, settings, options, {
    commitTimes: new CommitTimes(facts, clock.steady),
    limits,
    connections: () => connections.count(),
  });
  let serverCertificateEndsAt = keyPair === null ? null : certificatesEndAt(keyPair.cert);
  const metrics = new Metrics(
    {
      ...metricsReadings(kernel, () => serverCertificateEndsAt),
      ...(backups !== null && { backups: () => backups.state }),
      build: { version, commit, shard: settings.shard, data: dataName(kernel.store.idSeed) },
      ...{ tally, requests, logLinesDropped },
      syncsCommits: settings.sync === "full",
      process: readings,
    },
    facts,
  );
  const serving = new ServingState();
  let { metricsToken } = settings;
  const { api, sender } = createApi({
    ...kernel,
    settings,
    trustedProxies: settings.trustedProxies,
    publicUrl: () => address.publicUrl,
    pathPrefix: address.pathPrefix,
    login: oidcLogin(settings, (fields) => log.warn(fields, "A login at the identity provider failed.")),
    log,
    metrics,
    metricsToken: () => metricsToken,
    countRequest: (operation, status) => requests.count(operation, status),
    inbox: new Inbox(clock),
    overview: async (environmentSeq) => ({
      ...tally.of(environmentSeq),
      failing: await store.history.failingEndpoints(environmentSeq),
      oldestDueAt: await kernel.oldestDue.at(environmentSeq),
    }),
    system: readings,
    serverCertificateEndsAt: () => serverCertificateEndsAt,
    ...(backups !== null && { backups: () => backups.state }),
    version,
    isStarting: serving.isStarting,
    stopping: serving.stopping,
  });
  const environment = await ensureEnvironment(kernel, defaultEnvironment);
  if (deliver !== undefined) await holdDelivery(kernel, !deliver);
  let firstStart: RunningServer["firstStart"] = null;
  const prepare = async () => {
    firstStart = await prepareData(kernel, environment.seq, address, settings, showRootToken);
    await settleRootToken(kernel, settings, log);
  };
  const grpc = await grpcServer(settings, keyPair, sender, serving.stopping, log);
  const grpcPorts = () => grpc?.ports ?? [];
  const httpServer = createHttpServer(api, settings, keyPair, address, serving, prepare, grpcPorts);
  const connections = new ClientConnections(clock, limits, httpServer, (isOver) => logConnections(limits, isOver, log));
  const services = new ServiceStack([
    httpServer.listener,
    ...(grpc === null ? [] : [grpc]),
    connections,
    ...outside,
    ...kernel.services,
    correction,
    ...(backups === null ? [] : [backups]),
    kernel.notices,
    httpServer.door,
  ]);
  const stop = async () => {
    await services.stop();
    await store.close();
    metrics.stop();
  };
  try {
    await services.start();
    if (engine.isHeld && deliver === undefined) log.warn({ event: "delivery.held" }, deliveryHeldText);
    const setMetricsToken = (token: string | null) => {
      metricsToken = token;
    };
    const setKeyPair = async (next: KeyPair) => {
      await httpServer.replaceKeyPair(next);
      grpc?.replaceKeyPair(next);
      serverCertificateEndsAt = certificatesEndAt(next.cert);
    };
    const url = address.socketPath === null ? address.origin : settings.host;
    return { url, firstStart, setMetricsToken, setKeyPair, stop };
  } catch (error) {
    await services.stop();
    metrics.stop();
    throw error;
  }
}
