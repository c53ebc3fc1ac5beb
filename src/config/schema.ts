import { headerList } from "./header-list.ts";
import {
  baseUrl,
  bearer,
  boolean,
  duration,
  hexKey,
  integer,
  list,
  nameServer,
  oneOf,
  path,
  rate,
  replicaLocation,
  rootToken,
  secretText,
  shardName,
  share,
  size,
  subnet,
} from "./kinds.ts";
import { fileMode, host, proxy } from "./listen-kinds.ts";
import { adminRule, clientId, issuerUrl } from "./login-kinds.ts";
import { incomingWebhook, mailAddress, smtpUrl } from "./notice-kinds.ts";
import { proxyUrl } from "./proxy-kinds.ts";
import { type Setting, setting } from "./setting.ts";
import { SQLITE, storeLocation } from "./store-kinds.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const DAY_MS = 86_400_000;
const RETRY_WAITS_MAX = 100;
const SUBNETS_MAX = 1_000;
const NAME_SERVERS_MAX = 8;
const ADMINS_MAX = 1_000;
const MAIL_ADDRESSES_MAX = 50;

/** All settings, keyed by their field in `Settings`, in display order. */
export const SCHEMA = {
  host: setting("host", {
    group: "Server",
    kind: host,
    default: "127.0.0.1",
    description: "IP address, host name or Unix socket (`unix:/path/to/socket`) to listen on",
  }),
  port: setting("port", {
    group: "Server",
    kind: integer(0, 65_535),
    default: "8071",
    description: "port to listen on; `0` chooses a free port; a Unix socket has none",
  }),
  grpcPort: setting("grpc-port", {
    group: "Server",
    kind: integer(0, 65_535),
    default: null,
    description:
      "port for messages over gRPC (`boathook.v1.Sender`), on the same host and with the same certificate; `0` chooses a free port, which the log names",
  }),
  shard: setting("shard", {
    group: "Server",
    kind: shardName,
    default: null,
    description:
      "name of this server among several that divide the applications; the ids of new rows contain it, so that a proxy knows where they belong",
  }),
  socketMode: setting("socket-mode", {
    group: "Server",
    kind: fileMode,
    default: "0660",
    description: "permissions of the Unix socket; who may write to it may connect",
  }),
  publicUrl: setting("public-url", {
    group: "Server",
    kind: baseUrl,
    default: null,
    defaultNote: "`http://host:port`, with `tls-cert` `https://host:port`, with a Unix socket `http://localhost`",
    description: "public base URL of the server, used in links that it generates",
  }),
  tlsCert: setting("tls-cert", {
    group: "Server",
    kind: path,
    default: null,
    description:
      "PEM file with the certificate of this server and the intermediate certificates; if set, the server speaks HTTPS; read again at SIGHUP; needs `tls-key`",
  }),
  tlsKey: setting("tls-key", {
    group: "Server",
    kind: path,
    default: null,
    description: "PEM file with the private key of `tls-cert`, without a passphrase",
  }),
  trustedProxies: setting("trusted-proxies", {
    group: "Server",
    kind: list(
      proxy,
      `a comma-separated list of at most ${SUBNETS_MAX} CIDRs such as 127.0.0.1/32,10.0.0.0/8, or unix for the clients of the Unix socket`,
      SUBNETS_MAX,
    ),
    default: "",
    description:
      "addresses of the proxies whose `X-Forwarded-For` is believed, such as `127.0.0.1/32`; `unix` for the clients of the Unix socket",
  }),
  shutdownTimeoutMs: setting("shutdown-timeout", {
    group: "Server",
    kind: duration(),
    default: "20s",
    description:
      "how long requests and attempts in progress may take to finish after SIGTERM or SIGINT; a second signal stops the server immediately",
  }),

  rootToken: setting("root-token", {
    group: "Secrets",
    kind: rootToken,
    default: null,
    defaultNote: "generated on the first start",
    description: "token with full access to every environment, at least 32 characters long",
    secret: true,
  }),
  jwtSecret: setting("jwt-secret", {
    group: "Secrets",
    kind: secretText,
    default: null,
    description: "if set, HS256 tokens in the Svix format are accepted too",
    secret: true,
  }),
  encryptionKey: setting("encryption-key", {
    group: "Secrets",
    kind: hexKey,
    default: null,
    defaultNote: "a key file in the data directory",
    description:
      "64 hex digits; encrypts the secrets of endpoints and sources, and headers and URL passwords of endpoints, at rest",
    secret: true,
  }),
  metricsToken: setting("metrics-token", {
    group: "Secrets",
    kind: bearer,
    default: null,
    description: "if set, `/metrics` requires this token",
    secret: true,
  }),

  oidcIssuer: setting("oidc-issuer", {
    group: "Login",
    kind: issuerUrl,
    default: null,
    description:
      "URL of an identity provider (OpenID Connect) at which people log in with a browser; needs `oidc-client-id`, `oidc-client-secret`, `oidc-admins` and the redirect URI `<public-url>/api/v1/oidc/callback` at the provider",
  }),
  oidcClientId: setting("oidc-client-id", {
    group: "Login",
    kind: clientId,
    default: null,
    description: "client id that the identity provider has given to this server",
  }),
  oidcClientSecret: setting("oidc-client-secret", {
    group: "Login",
    kind: secretText,
    default: null,
    description: "client secret that belongs to `oidc-client-id`",
    secret: true,
  }),
  oidcAdmins: setting("oidc-admins", {
    group: "Login",
    kind: list(
      adminRule,
      `a comma-separated list of at most ${ADMINS_MAX} e-mail addresses, domains such as *@example.com and groups such as group:ops`,
      ADMINS_MAX,
    ),
    default: "",
    description:
      "who may log in, with all rights: verified e-mail addresses, domains such as `*@example.com`, groups such as `group:ops`",
  }),

  store: setting("store", {
    group: "Storage",
    kind: storeLocation,
    default: SQLITE,
    concealed: true,
    description:
      "`sqlite`: a database in the data directory; `postgres://user:password@host:port/database`: a PostgreSQL database, which several instances share",
  }),
  leaseMs: setting("lease", {
    group: "Storage",
    kind: duration({ minMs: 2000, maxMs: 300_000, range: "2s to 5m" }),
    default: "10s",
    description: "with PostgreSQL: time after which other instances take over the work of one that no longer responds",
  }),
  dataDir: setting("data-dir", {
    group: "Storage",
    kind: path,
    default: "./boathook-data",
    description: "data directory, created with mode 0700 if missing; only one server can use it at a time",
  }),
  sync: setting("sync", {
    group: "Storage",
    kind: oneOf("full", "normal"),
    default: "full",
    description:
      "`full`: messages and changes that got a 2xx response survive a power failure; `normal`: they survive a process crash but possibly not a power failure",
  }),
  retentionMs: setting("retention", {
    group: "Storage",
    kind: duration({ minMs: 1, range: "longer than 0" }),
    default: "90d",
    description: "payloads and attempts older than this are deleted",
  }),

  backupDir: setting("backup-dir", {
    group: "Storage",
    kind: path,
    default: null,
    description: "directory for scheduled backups, best on another disk, not inside the data directory",
  }),
  backupEveryMs: setting("backup-every", {
    group: "Storage",
    kind: duration({ minMs: 1000, range: "at least 1s" }),
    default: "24h",
    description: "time between two scheduled backups",
  }),
  backupKeep: setting("backup-keep", {
    group: "Storage",
    kind: integer(1, 100_000),
    default: "7",
    description: "number of scheduled backups to keep; older ones are deleted",
  }),

  replica: setting("replica", {
    group: "Storage",
    kind: replicaLocation,
    default: null,
    description:
      "where to keep a copy of the data that is updated with each commit: a directory, best on another disk, or `s3://bucket/prefix`",
  }),
  replicaSync: setting("replica-sync", {
    group: "Storage",
    kind: oneOf("async", "sync"),
    default: "async",
    description:
      "`async`: what was committed in the last moments may be missing in the replica; `sync`: messages and changes get a 2xx response only when they are in the replica",
  }),
  replicaTimeoutMs: setting("replica-timeout", {
    group: "Storage",
    kind: duration({ minMs: 100, range: "at least 100ms" }),
    default: "5s",
    description: "with `replica-sync` `sync`: time after which a request gets a 503 response if the replica lacks it",
  }),

  retryScheduleMs: setting("retry-schedule", {
    group: "Delivery",
    kind: list(
      duration(),
      `a comma-separated list of at most ${RETRY_WAITS_MAX} durations such as 5s,5m,2h, or empty for a single attempt`,
      RETRY_WAITS_MAX,
    ),
    default: "5s,5m,30m,2h,5h,10h,10h",
    description:
      "delays between attempts, separated by commas; empty means a single attempt; an endpoint can override it",
  }),
  retryJitter: setting("retry-jitter", {
    group: "Delivery",
    kind: share,
    default: "0.2",
    description:
      "maximum random addition to each delay, as a fraction of it; attempts are never earlier than scheduled",
  }),
  deliveryTimeoutMs: setting("delivery-timeout", {
    group: "Delivery",
    kind: duration({ minMs: 1, maxMs: DAY_MS, range: "1ms to 1d" }),
    default: "15s",
    description: "time limit of a whole attempt: connect, send, read the response; an endpoint can override it",
  }),
  deliveryConcurrency: setting("delivery-concurrency", {
    group: "Delivery",
    kind: integer(1, 60_000),
    default: "256",
    description:
      "maximum number of concurrent attempts in the whole process, not counting attempts that have waited more than 1s for a response",
  }),
  endpointConcurrency: setting("endpoint-concurrency", {
    group: "Delivery",
    kind: integer(1, 60_000),
    default: "16",
    description: "maximum number of concurrent attempts to one endpoint; an endpoint can override it",
  }),
  endpointDisableAfterMs: setting("endpoint-disable-after", {
    group: "Delivery",
    kind: duration({ zeroMeans: "never" }),
    default: "5d",
    description: "time of continuous failure after which an endpoint is disabled; `0` = never",
  }),
  backlogThresholdMs: setting("backlog-threshold", {
    group: "Delivery",
    kind: duration({ zeroMeans: "never" }),
    default: "5m",
    description:
      "an environment's backlog is reported as growing when its oldest due delivery is older than this; `0` = never",
  }),
  signatureHeaders: setting("signature-headers", {
    group: "Delivery",
    kind: oneOf("webhook", "svix", "both"),
    default: "webhook",
    description: "names of the signature headers: `webhook-…` (Standard Webhooks), `svix-…` or both",
  }),

  allowSubnets: setting("allow-subnets", {
    group: "Endpoint addresses",
    kind: list(
      subnet,
      `a comma-separated list of at most ${SUBNETS_MAX} CIDRs such as 127.0.0.0/8,10.0.0.0/8`,
      SUBNETS_MAX,
    ),
    default: "",
    description: "private subnets that endpoints may use, such as `127.0.0.0/8,10.0.0.0/8`",
  }),
  nameServers: setting("name-servers", {
    group: "Endpoint addresses",
    kind: list(
      nameServer,
      `a comma-separated list of at most ${NAME_SERVERS_MAX} IP addresses with optional ports such as 10.0.0.53,127.0.0.1:8600`,
      NAME_SERVERS_MAX,
    ),
    default: "",
    defaultNote: "those of this machine",
    description:
      "name servers that resolve the host names of endpoints, such as `10.0.0.53,127.0.0.1:8600`; names in `/etc/hosts` need no name server",
  }),
  egressProxy: setting("egress-proxy", {
    group: "Endpoint addresses",
    kind: proxyUrl,
    default: null,
    concealed: true,
    description:
      "proxy for deliveries: `http://host:port` or `socks5://host:port`. Host names are resolved by this server; the proxy gets addresses. With `user:password@`, prefer the variable or the file, because command lines can be seen",
  }),
  httpsOnly: setting("https-only", {
    group: "Endpoint addresses",
    kind: boolean,
    default: "false",
    description: "reject endpoints with `http://` URLs",
  }),
  awsCredentials: setting("aws-credentials", {
    group: "Endpoint addresses",
    kind: oneOf("none", "environment"),
    default: "none",
    description:
      "keys of `sqs:` and `lambda:` URLs that contain none. `environment`: those in `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; whoever may create endpoints can then send requests with these keys",
  }),
  endpointChallenge: setting("endpoint-challenge", {
    group: "Endpoint addresses",
    kind: oneOf("off", "on"),
    default: "off",
    description:
      "`on`: the receiver of a new or changed URL must answer a challenge before messages are sent to it; endpoints that exist before count as verified",
  }),
  maxBodyBytes: setting("max-body", {
    group: "Limits",
    kind: size(1, 256 * MIB, "1B to 256MiB"),
    default: "2MiB",
    description: "maximum body size of a request to the API or to a source; larger requests get a 413 response",
  }),
  maxResponseStoredBytes: setting("max-response-stored", {
    group: "Limits",
    kind: size(0, 16 * MIB, "0B to 16MiB"),
    default: "16KiB",
    description: "how much of an endpoint's response body is read and stored",
  }),
  ingestRatePerSecond: setting("ingest-rate", {
    group: "Limits",
    kind: rate,
    default: null,
    description:
      "maximum rate of messages per token, such as `500/s`; a burst of one second's messages is allowed, and requests above it get a 429 response with `Retry-After`",
  }),
  sandboxTimeoutMs: setting("sandbox-timeout", {
    group: "Limits",
    kind: duration({ minMs: 1, maxMs: 10_000, range: "1ms to 10s" }),
    default: "50ms",
    description: "maximum computing time of one call of a transformation or function",
  }),
  sandboxMemoryBytes: setting("sandbox-memory", {
    group: "Limits",
    kind: size(16 * MIB, 1024 * MIB, "16MiB to 1GiB"),
    default: "16MiB",
    description: "maximum memory of one call of a transformation or function",
  }),
  sandboxWorkers: setting("sandbox-workers", {
    group: "Limits",
    kind: integer(1, 64),
    default: "2",
    description: "maximum number of threads that run transformations and functions; they start when they are needed",
  }),
  idempotencyMismatch: setting("idempotency-mismatch", {
    group: "Limits",
    kind: oneOf("replay", "reject"),
    default: "replay",
    description:
      "what happens to a request that has the `idempotency-key` of an earlier one but another body: `replay` returns the first response with the header `boathook-idempotency: body-differs`, `reject` returns 422",
  }),
  endpointsPerAppMax: setting("max-endpoints-per-app", {
    group: "Limits",
    kind: integer(1, 100_000),
    default: "10000",
    description: "maximum number of endpoints of one application; creating more gets a 403 response",
  }),
  quotaEndpoints: setting("quota-endpoints", {
    group: "Limits",
    kind: integer(1, 100_000),
    default: null,
    description:
      "default quota of an application: number of endpoints; creating more gets a 403 response; the application's field `quota` overrides it",
  }),
  quotaMessagesPerDay: setting("quota-messages-per-day", {
    group: "Limits",
    kind: integer(1, 1_000_000_000),
    default: null,
    description:
      "default quota of an application: messages per day; further messages get a 429 response with `Retry-After` until midnight UTC; the field `quota` overrides it",
  }),
  quotaStoredBytes: setting("quota-stored-bytes", {
    group: "Limits",
    kind: size(1, 1_048_576 * GIB, "1B to 1048576GiB"),
    default: null,
    description:
      "default quota of an application: size of its stored payloads; further messages get a 403 response; the field `quota` overrides it",
  }),
  tasksMax: setting("max-tasks", {
    group: "Limits",
    kind: integer(1, 1000),
    default: "8",
    description: "maximum number of background tasks that run at once; the others wait",
  }),
  tasksPerAppMax: setting("max-tasks-per-app", {
    group: "Limits",
    kind: integer(1, 1000),
    default: "2",
    description: "maximum number of background tasks that run at once for one application; the others wait",
  }),
  connectionsMax: setting("max-connections", {
    group: "Limits",
    kind: integer(1, 1_000_000),
    default: null,
    defaultNote: "what the limit of open files leaves beside the deliveries, at most `10000`",
    description:
      "maximum number of client connections (Linux only); beyond it idle connections are closed and new ones get a 503 response; a value for which the limit of open files has no room is lowered",
  }),

  notifyMail: setting("notify-mail", {
    group: "Notices",
    kind: list(
      mailAddress,
      `a comma-separated list of at most ${MAIL_ADDRESSES_MAX} e-mail addresses such as ops@example.com`,
      MAIL_ADDRESSES_MAX,
    ),
    default: "",
    description: "e-mail addresses that get notices about endpoints and backlogs; needs `notify-from` and `smtp-url`",
  }),
  notifyFrom: setting("notify-from", {
    group: "Notices",
    kind: mailAddress,
    default: null,
    description: "e-mail address from which notices are sent",
  }),
  smtpUrl: setting("smtp-url", {
    group: "Notices",
    kind: smtpUrl,
    default: null,
    description:
      "mail server for notices: `smtp://user:password@host:587?starttls=required` (or `optional`, `off`), or `smtps://user:password@host:465`",
    secret: true,
  }),
  notifySlack: setting("notify-slack", {
    group: "Notices",
    kind: incomingWebhook,
    default: null,
    description: "URL of an incoming webhook of Slack that gets notices",
    secret: true,
  }),
  notifyTeams: setting("notify-teams", {
    group: "Notices",
    kind: incomingWebhook,
    default: null,
    description: "URL of a Workflows webhook of Microsoft Teams that gets notices",
    secret: true,
  }),
  notifyAfterMs: setting("notify-after", {
    group: "Notices",
    kind: duration({ zeroMeans: "at once" }),
    default: "10m",
    description: "how long an endpoint must fail, or a backlog grow, before a notice is sent",
  }),
  notifyQuietMs: setting("notify-quiet", {
    group: "Notices",
    kind: duration({ zeroMeans: "no limit" }),
    default: "1h",
    description: "time in which at most one notice of each kind is sent about an endpoint",
  }),

  otlpEndpoint: setting("otlp-endpoint", {
    group: "Traces",
    kind: baseUrl,
    default: null,
    description:
      "URL of an OpenTelemetry collector, such as `http://127.0.0.1:4318`; traces are posted to its path `/v1/traces`",
  }),
  otlpHeaders: setting("otlp-headers", {
    group: "Traces",
    kind: headerList,
    default: null,
    description: "headers of the requests to the collector, such as `authorization=Bearer%20TOKEN,x-team=web`",
    secret: true,
  }),
  otlpProtocol: setting("otlp-protocol", {
    group: "Traces",
    kind: oneOf("http/protobuf", "http/json"),
    default: "http/protobuf",
    description: "encoding of the requests to the collector",
  }),
  otlpSample: setting("otlp-sample", {
    group: "Traces",
    kind: share,
    default: "1",
    description:
      "fraction of the traces that is recorded, from `0` to `1`; for messages with a `traceparent` its caller decides",
  }),

  logLevel: setting("log-level", {
    group: "Logs",
    kind: oneOf("debug", "info", "warn", "error"),
    default: "info",
    description: "minimum level of log lines",
  }),
  logFormat: setting("log-format", {
    group: "Logs",
    kind: oneOf("json", "pretty"),
    default: null,
    defaultNote: "`json`; on a terminal `pretty`",
    description: "`json` writes one object per line, `pretty` is easier to read",
  }),
} as const;

export type Field = keyof typeof SCHEMA;

type ValueOf<S> = S extends Setting<infer Value, infer Default> ? (null extends Default ? Value | null : Value) : never;

/**
 * The values of all settings. Durations are in ms and sizes in bytes. Null means not set. If
 * `publicUrl` is null, the server uses the address on which it listens. If `rootToken` or
 * `encryptionKey` is null, the server uses the one in the data directory.
 */
export type Settings = {
  readonly [F in Field]: F extends "logFormat" ? NonNullable<ValueOf<(typeof SCHEMA)[F]>> : ValueOf<(typeof SCHEMA)[F]>;
};

/** Returns the schema without its value types, for code that treats all settings alike. */
export function allSettings(): ReadonlyArray<readonly [Field, Setting<unknown>]> {
  return Object.entries(SCHEMA) as ReadonlyArray<readonly [Field, Setting<unknown>]>;
}

/** Returns the flag of a setting: `--retry-schedule` for `retry-schedule`. */
export function flagOf(setting: Pick<Setting<unknown>, "name">): string {
  return `--${setting.name}`;
}

/**
 * Returns the environment variable of a setting: `BOATHOOK_RETRY_SCHEDULE` for `retry-schedule`.
 */
export function variableOf(setting: Pick<Setting<unknown>, "name">): string {
  return `BOATHOOK_${setting.name.toUpperCase().replaceAll("-", "_")}`;
}

/** Returns the default as Markdown with backticks, for display. */
export function defaultText(setting: Setting<unknown>): string {
  if (setting.default) return `\`${setting.default}\``;
  return setting.defaultNote ?? "none";
}
