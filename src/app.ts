import { resolve } from "node:path";
import { createApi } from "./api/http/server.ts";
import type { SystemReadings } from "./api/http/system-readings.ts";
import { Inbox } from "./api/resources/inbox/inbox.ts";
import { functionSender } from "./api/resources/message/function-sender.ts";
import { BackupSchedule } from "./backup/schedule.ts";
import { holdDelivery } from "./commands/delivery.ts";
import { ensureEnvironment } from "./commands/environments.ts";
import { type FirstStart, prepareFirstStart } from "./commands/first-start.ts";
import { endOldRootSessions, hasRootToken, retireRootToken } from "./commands/root-token.ts";
import { type SettingInForce, type Settings, settingsInForce } from "./config/index.ts";
import { SQLITE } from "./config/store-kinds.ts";
import { connectionsMaxFor, connectionsProblem } from "./core/connection-limit.ts";
import { dataName } from "./core/data-name.ts";
import { defaultEnvironment } from "./core/environment.ts";
import { Facts } from "./core/fact.ts";
import type { Seq } from "./core/id.ts";
import type { KeyPair } from "./core/key-pair.ts";
import { certificatesEndAt } from "./core/pem.ts";
import { type Service, ServiceStack } from "./core/service.ts";
import { openFilesProblem } from "./core/shortage.ts";
import { KeyCache } from "./door/key-cache.ts";
import { awsCredentialsIn } from "./edge/aws-environment.ts";
import { BackupProcess } from "./edge/backup-process.ts";
import { ClientConnections, type ConnectionLimits } from "./edge/client-connections.ts";
import { HttpClient } from "./edge/http-client/client.ts";
import { EgressProxy } from "./edge/http-client/proxy.ts";
import { memoryInUse } from "./edge/memory.ts";
import { oidcLogin } from "./edge/oidc.ts";
import { openFiles, openFilesMax } from "./edge/open-files.ts";
import { OwnAddress } from "./edge/own-address.ts";
import { LazyProtocolClients } from "./edge/protocol-clients.ts";
import { systemRandom } from "./edge/random.ts";
import { systemResolver } from "./edge/resolver.ts";
import { grpcServer } from "./grpc-server.ts";
import { createHttpServer, ServingState } from "./http-server.ts";
import { assemble, type Kernel, type KernelSettings } from "./kernel.ts";
import { metricsReadings } from "./metrics-readings.ts";
import type { Notices } from "./notice/notices.ts";
import { noticeService } from "./notice-service.ts";
import { openServerStore, startErrorOf } from "./server-store.ts";
import type { Store } from "./store/index.ts";
import { removeRootTokenFile, rootTokenFileOf, writeRootTokenFile } from "./store/sqlite/root-token-file.ts";
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
  readonly firstStart: (FirstStart & { readonly rootTokenFile: string | null }) | null;
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
      oldestDueAt: kernel.oldestDue().get(environmentSeq)?.dueAt ?? null,
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

/** Returns the scheduled backups, or null if none are configured. */
function scheduledBackups(
  { clock, facts }: Kernel,
  { backupDir, backupEveryMs: everyMs, backupKeep: keep, dataDir }: Settings,
  program: Options["program"],
): BackupSchedule | null {
  if (backupDir === null || program === undefined) return null;
  const directory = resolve(backupDir);
  const port = new BackupProcess(program, resolve(dataDir), directory);
  return new BackupSchedule(clock, facts, port, { directory, everyMs, keep });
}

/** Returns what `GET /api/v1/system` shows of this process. */
function systemReadings(
  { engine, retention }: Kernel,
  settings: Settings,
  { settingsInForce: inForce, recentLines, commit = null }: Options,
  process: {
    readonly commitTimes: CommitTimes;
    readonly limits: ConnectionLimits;
    readonly connections: () => number | null;
  },
): SystemReadings {
  const { filesMax, connectionsMax } = process.limits;
  return {
    ...{ commit, retentionMs: settings.retentionMs },
    dataDir: settings.store === SQLITE ? resolve(settings.dataDir) : null,
    ...{ startedAt: performance.timeOrigin, attemptsMax: settings.deliveryConcurrency },
    settings: inForce ?? (() => settingsInForce(settings, {})),
    commits: () => process.commitTimes.recent(),
    retentionLastRunAt: () => retention.lastRunAt,
    memory: memoryInUse,
    openFiles: async () => ({ open: await openFiles(), max: filesMax }),
    connections: () => ({ open: process.connections(), max: Number.isFinite(connectionsMax) ? connectionsMax : null }),
    engine: () => ({
      attemptsUnderWay: engine.attemptsUnderWay,
      lanes: engine.lanesInMemory,
      oldestDueAt: engine.oldestDueAt(),
    }),
    logLines: () => recentLines?.list() ?? [],
  };
}

/** Prepares a new data directory. The server must listen, because the public URL may depend on it. */
async function prepareData(
  kernel: Kernel,
  environmentSeq: Seq,
  address: OwnAddress,
  { rootToken, dataDir }: Settings,
  showRootToken: Options["showRootToken"],
): Promise<RunningServer["firstStart"]> {
  const first = await prepareFirstStart(kernel, {
    environmentSeq,
    rootToken,
    publicUrl: address.publicUrl,
    handOver: showRootToken ?? ((token) => writeRootTokenFile(dataDir, token)),
  });
  const rootTokenFile = showRootToken === null ? rootTokenFileOf(dataDir) : null;
  return first === null ? null : { ...first, rootTokenFile };
}

/**
 * Invalidates the generated root token if the settings contain a root token. Warns if there is no
 * root token at all.
 */
async function settleRootToken(kernel: Kernel, { rootToken, dataDir }: Settings, log: Log): Promise<void> {
  await endOldRootSessions(kernel, rootToken);
  if (rootToken !== null) {
    await retireRootToken(kernel);
    removeRootTokenFile(dataDir);
  } else if (!(await hasRootToken(kernel))) {
    log.warn(
      { dataDir },
      `There is no root token. Create one with \`boathook token root --rotate --data-dir ${dataDir}\`, or set BOATHOOK_ROOT_TOKEN.`,
    );
  }
}

/** Returns the limits of client connections. Warns if the limit of open files is too low. */
function connectionLimits({ deliveryConcurrency, connectionsMax: configured }: Settings, log: Log): ConnectionLimits {
  const filesMax = openFilesMax();
  if (filesMax === null) return { filesMax, connectionsMax: Number.POSITIVE_INFINITY };
  const connectionsMax = connectionsMaxFor(filesMax, deliveryConcurrency, configured);
  const problems = [
    openFilesProblem(filesMax, deliveryConcurrency),
    connectionsProblem(filesMax, connectionsMax, configured),
  ];
  for (const problem of problems) if (problem !== null) log.warn({ openFilesMax: filesMax }, problem);
  return { filesMax, connectionsMax };
}

function logConnections({ connectionsMax }: ConnectionLimits, isOver: boolean, log: Log): void {
  if (!isOver) log.info({ connectionsMax }, "Client connections are below the limit again.");
  else log.warn({ connectionsMax }, "Too many client connections are open. Idle ones are closed and new ones refused.");
}

async function warnOfUnenforcedRules(store: Store, log: Log): Promise<void> {
  for (const { table, rule, rows } of await store.housekeeping.unenforcedRules()) {
    log.warn(
      { table, rule, rows },
      "Stored rows break a rule of the schema. They were kept; the rule is not enforced.",
    );
  }
}

function kernelSettings(
  settings: Settings,
  { version, acceptClock = false }: Options,
  address: OwnAddress,
): KernelSettings {
  const publicUrl = () => address.publicUrl;
  const { inbox } = address;
  const isProxied = settings.egressProxy !== null;
  const awsCredentials = settings.awsCredentials === "none" ? null : awsCredentialsIn(process.env);
  return { ...settings, userAgent: `Boathook/${version}`, inbox, publicUrl, isProxied, awsCredentials, acceptClock };
}
