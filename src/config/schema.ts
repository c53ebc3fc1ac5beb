import {
  baseUrl,
  bearer,
  boolean,
  duration,
  hexKey,
  host,
  integer,
  type Kind,
  list,
  oneOf,
  path,
  proxyUrl,
  rate,
  share,
  size,
  subnet,
} from "./kinds.ts";

/** The headings under which the settings are listed. */
export type Group = "Server" | "Secrets" | "Storage" | "Delivery" | "Endpoints' addresses" | "Limits" | "Logs";

export interface Setting<Value, Default extends string | null = string | null> {
  /** Kebab-case: the flag without its dashes and the key of the file. */
  readonly name: string;
  readonly group: Group;
  readonly kind: Kind<Value>;
  /** The text of the default. Null: there is none, the value is null. */
  readonly default: Default;
  /** What stands for the default in help and README when it is null; `none` unless given. */
  readonly defaultNote?: string;
  /** A fragment for help and README, without a full stop. */
  readonly description: string;
  /** Never a flag (command lines are visible to everybody on the machine), never repeated in a message. */
  readonly secret?: true;
  /** Known, but this version cannot do it yet: setting it stops the start. */
  readonly unsupported?: true;
}

/** Keeps the types of the value and of the default apart, so that `Settings` can be derived. */
function setting<Value, Default extends string | null>(
  name: string,
  fields: Omit<Setting<Value, Default>, "name">,
): Setting<Value, Default> {
  return { name, ...fields };
}

const KIB = 1024;
const MIB = 1024 * KIB;
const DAY_MS = 86_400_000;
const RETRY_WAITS_MAX = 100;
const SUBNETS_MAX = 1_000;

/** Every setting there is, by the name of its field in `Settings`, in the order in which they are shown. */
export const SCHEMA = {
  host: setting("host", {
    group: "Server",
    kind: host,
    default: "127.0.0.1",
    description: "address to listen on",
  }),
  port: setting("port", {
    group: "Server",
    kind: integer(0, 65_535),
    default: "8071",
    description: "port to listen on; `0` lets the system choose a free one",
  }),
  publicUrl: setting("public-url", {
    group: "Server",
    kind: baseUrl,
    default: null,
    defaultNote: "`http://host:port`",
    description: "address under which others reach the server, used in links that it hands out",
  }),
  shutdownTimeoutMs: setting("shutdown-timeout", {
    group: "Server",
    kind: duration(),
    default: "20s",
    description: "after SIGTERM or SIGINT, how long to finish what is under way; a second signal ends it at once",
  }),

  rootToken: setting("root-token", {
    group: "Secrets",
    kind: bearer,
    default: null,
    defaultNote: "generated on the first start",
    description: "token with full rights in every environment",
    secret: true,
  }),
  jwtSecret: setting("jwt-secret", {
    group: "Secrets",
    kind: bearer,
    default: null,
    description: "when set, HS256 tokens of the Svix form are accepted as well",
    secret: true,
  }),
  encryptionKey: setting("encryption-key", {
    group: "Secrets",
    kind: hexKey,
    default: null,
    defaultNote: "a key file in the data directory",
    description: "64 hex digits; secrets of endpoints and sources are encrypted at rest with it",
    secret: true,
  }),
  metricsToken: setting("metrics-token", {
    group: "Secrets",
    kind: bearer,
    default: null,
    description: "when set, `/metrics` asks for it",
    secret: true,
  }),

  dataDir: setting("data-dir", {
    group: "Storage",
    kind: path,
    default: "./boathook-data",
    description: "directory of the data, made with mode 0700 when it is missing; one server owns it",
  }),
  sync: setting("sync", {
    group: "Storage",
    kind: oneOf("full", "normal"),
    default: "full",
    description: "`full`: what was answered 2xx survives a power cut; `normal`: it survives a crash of the process",
  }),
  retentionMs: setting("retention", {
    group: "Storage",
    kind: duration({ minMs: 1, range: "more than nothing" }),
    default: "90d",
    description: "payloads and attempts older than this are deleted",
  }),

  retryScheduleMs: setting("retry-schedule", {
    group: "Delivery",
    kind: list(
      duration(),
      `durations with commas between them such as 5s,5m,2h (at most ${RETRY_WAITS_MAX}), or nothing for a single attempt`,
      RETRY_WAITS_MAX,
    ),
    default: "5s,5m,30m,2h,5h,10h,10h",
    description: "waits after each failed attempt; empty = one attempt; an endpoint may have its own",
  }),
  retryJitter: setting("retry-jitter", {
    group: "Delivery",
    kind: share,
    default: "0.2",
    description: "share of each wait that is added at random; never earlier than the schedule says",
  }),
  deliveryTimeoutMs: setting("delivery-timeout", {
    group: "Delivery",
    kind: duration({ minMs: 1, maxMs: DAY_MS, range: "1ms to 1d" }),
    default: "15s",
    description: "for a whole attempt: connect, send, answer; an endpoint may have its own",
  }),
  deliveryConcurrency: setting("delivery-concurrency", {
    group: "Delivery",
    kind: integer(1, 60_000),
    default: "256",
    description: "attempts under way at once in the whole process",
  }),
  endpointConcurrency: setting("endpoint-concurrency", {
    group: "Delivery",
    kind: integer(1, 60_000),
    default: "16",
    description: "attempts under way at once to one endpoint; an endpoint may have its own",
  }),
  endpointDisableAfterMs: setting("endpoint-disable-after", {
    group: "Delivery",
    kind: duration({ zeroMeans: "never" }),
    default: "5d",
    description: "continuous failure after which an endpoint is disabled; `0` = never",
  }),
  backlogThresholdMs: setting("backlog-threshold", {
    group: "Delivery",
    kind: duration({ zeroMeans: "never" }),
    default: "5m",
    description:
      "age of the oldest due delivery of an environment above which its backlog is reported as growing; `0` = never",
  }),
  signatureHeaders: setting("signature-headers", {
    group: "Delivery",
    kind: oneOf("webhook", "svix", "both"),
    default: "webhook",
    description: "names of the signature headers: `webhook-…` (Standard Webhooks), `svix-…` or both",
  }),

  allowSubnets: setting("allow-subnets", {
    group: "Endpoints' addresses",
    kind: list(
      subnet,
      `CIDRs with commas between them such as 127.0.0.0/8,10.0.0.0/8 (at most ${SUBNETS_MAX})`,
      SUBNETS_MAX,
    ),
    default: "",
    description: "private subnets that endpoints may point to all the same, such as `127.0.0.0/8,10.0.0.0/8`",
  }),
  httpsOnly: setting("https-only", {
    group: "Endpoints' addresses",
    kind: boolean,
    default: "false",
    description: "refuse `http://` endpoints",
  }),
  egressProxy: setting("egress-proxy", {
    group: "Endpoints' addresses",
    kind: proxyUrl,
    default: null,
    description: "`http://…` or `socks5://…` for deliveries; the proxy variables of the environment are ignored",
    unsupported: true,
  }),

  maxBodyBytes: setting("max-body", {
    group: "Limits",
    kind: size(1, 256 * MIB, "1B to 256MiB"),
    default: "2MiB",
    description: "of one request to the API or to a source; above it the answer is 413",
  }),
  maxResponseStoredBytes: setting("max-response-stored", {
    group: "Limits",
    kind: size(0, 16 * MIB, "0B to 16MiB"),
    default: "16KiB",
    description: "of an endpoint's answer; the rest is not read",
  }),
  ingestRatePerSecond: setting("ingest-rate", {
    group: "Limits",
    kind: rate,
    default: null,
    description: "messages that one token may send, such as `500/s`; above it the answer is 429 with `Retry-After`",
  }),

  logLevel: setting("log-level", {
    group: "Logs",
    kind: oneOf("debug", "info", "warn", "error"),
    default: "info",
    description: "the least important lines to write",
  }),
  logFormat: setting("log-format", {
    group: "Logs",
    kind: oneOf("json", "pretty"),
    default: null,
    defaultNote: "`json`, on a terminal `pretty`",
    description: "`json`: one object a line",
  }),
} as const;

export type Field = keyof typeof SCHEMA;

type ValueOf<S> = S extends Setting<infer Value, infer Default> ? (null extends Default ? Value | null : Value) : never;

/**
 * What the server runs with. Durations are ms, sizes are bytes. Null means not set: `publicUrl` then is the address the
 * server listens on, `rootToken` and `encryptionKey` come from the data directory.
 */
export type Settings = {
  readonly [F in Field]: F extends "logFormat" ? NonNullable<ValueOf<(typeof SCHEMA)[F]>> : ValueOf<(typeof SCHEMA)[F]>;
};

/** The schema with the types of the values left out, for code that treats every setting alike. */
export function allSettings(): ReadonlyArray<readonly [Field, Setting<unknown>]> {
  return Object.entries(SCHEMA) as ReadonlyArray<readonly [Field, Setting<unknown>]>;
}

/** `retry-schedule` → `--retry-schedule`. */
export function flagOf(setting: Pick<Setting<unknown>, "name">): string {
  return `--${setting.name}`;
}

/** `retry-schedule` → `BOATHOOK_RETRY_SCHEDULE`. */
export function variableOf(setting: Pick<Setting<unknown>, "name">): string {
  return `BOATHOOK_${setting.name.toUpperCase().replaceAll("-", "_")}`;
}

/** The default as people read it, Markdown with backticks. */
export function defaultText(setting: Setting<unknown>): string {
  if (setting.default) return `\`${setting.default}\``;
  return setting.defaultNote ?? "none";
}
