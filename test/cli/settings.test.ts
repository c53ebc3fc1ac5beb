import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { readSettings, SCHEMA, type Settings, SettingsError, variableOf } from "../../src/config/index.ts";
import { allSettings, type Field } from "../../src/config/schema.ts";
import { parseSubnet } from "../../src/core/address.ts";
import { temporaryDirectory } from "../support/temporary.ts";

function read(sources: Partial<Parameters<typeof readSettings>[0]> = {}): Settings {
  return readSettings({ flags: {}, environment: {}, terminal: false, ...sources });
}

/** Returns the error message for invalid settings. */
function refusal(sources: Partial<Parameters<typeof readSettings>[0]>): string {
  try {
    read(sources);
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  throw new Error("The settings were accepted.");
}

function readToml(text: string): Settings {
  using dir = temporaryDirectory();
  writeFileSync(dir.file("boathook.toml"), text);
  return read({ flags: { config: dir.file("boathook.toml") } });
}

function tomlRefusal(text: string): string {
  using dir = temporaryDirectory();
  writeFileSync(dir.file("boathook.toml"), text);
  return refusal({ flags: { config: dir.file("boathook.toml") } });
}

const ROOT_TOKEN = "s3cret!-of-exactly-32-characters";
const KEY = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
const DAY_MS = 86_400_000;

/** The secrets that must be set with a PostgreSQL database. */
const SHARED_SECRETS = { BOATHOOK_ENCRYPTION_KEY: KEY, BOATHOOK_ROOT_TOKEN: ROOT_TOKEN };
const TLS = { BOATHOOK_TLS_CERT: "cert.pem", BOATHOOK_TLS_KEY: "key.pem" };

type Case = {
  readonly valid: ReadonlyArray<readonly [text: string, value: unknown]>;
  readonly invalid: readonly string[];
};

/** Valid texts with their values, and invalid texts, for every setting. */
const CASES: Readonly<Record<Field, Case>> = {
  grpcPort: {
    valid: [
      ["0", 0],
      ["50051", 50_051],
    ],
    invalid: ["", "-1", "65536", "1.5", "port"],
  },
  host: {
    valid: [
      ["0.0.0.0", "0.0.0.0"],
      ["::1", "::1"],
      ["hooks.example.com", "hooks.example.com"],
      ["unix:/run/boathook/api.sock", "unix:/run/boathook/api.sock"],
    ],
    invalid: [
      "unix:",
      "unix:/",
      "unix:api.sock",
      "unix:/a/",
      `unix:/${"a".repeat(110)}`,
      "",
      "[::1]",
      "http://localhost",
      "a b",
      "256.1.1.1",
      "127.0.0.1:80",
      "-a",
      "a..b",
    ],
  },
  port: {
    valid: [
      ["0", 0],
      ["65535", 65535],
    ],
    invalid: ["", "65536", "-1", "80.5", "0x50", "http", "1e3", " 80"],
  },
  publicUrl: {
    valid: [
      ["https://hooks.example.com/", "https://hooks.example.com"],
      ["http://10.0.0.1:8071/base", "http://10.0.0.1:8071/base"],
    ],
    invalid: ["", "hooks.example.com", "ftp://x", "https://u:p@x", "https://x/?a=1", "https://x/#a", "https://"],
  },
  shard: {
    valid: [
      ["eu1", "eu1"],
      ["abcdefgh", "abcdefgh"],
    ],
    invalid: ["", "EU1", "abcdefghi", "eu-1", "ü"],
  },
  socketMode: {
    valid: [
      ["0660", 0o660],
      ["600", 0o600],
    ],
    invalid: ["", "0o660", "0680", "66", "10660", "rw-rw----", "-660"],
  },
  tlsCert: {
    valid: [["/etc/boathook/cert.pem", "/etc/boathook/cert.pem"]],
    invalid: ["", " ", "a\0b"],
  },
  tlsKey: {
    valid: [["key.pem", "key.pem"]],
    invalid: ["", " ", "a\0b"],
  },
  trustedProxies: {
    valid: [
      ["", []],
      ["127.0.0.1, fd00::/8,unix", [parseSubnet("127.0.0.1/32"), parseSubnet("fd00::/8"), "unix"]],
    ],
    invalid: ["localhost", "10.0.0.0/33", "unix:/run/a.sock", "10.0.0.1:80"],
  },
  shutdownTimeoutMs: {
    valid: [
      ["0", 0],
      ["90s", 90_000],
    ],
    invalid: ["", "20", "-1s", "20 s", "1w", "1e3s"],
  },
  rootToken: {
    valid: [[ROOT_TOKEN, ROOT_TOKEN]],
    invalid: ["", "abc", "x".repeat(31), `${ROOT_TOKEN} b`, `${ROOT_TOKEN}ä`, "x".repeat(257), `${ROOT_TOKEN}\nb`],
  },
  jwtSecret: {
    valid: [
      ["s3cret!", "s3cret!"],
      [" a b\tü ", " a b\tü "],
      ["x".repeat(300), "x".repeat(300)],
    ],
    invalid: [""],
  },
  encryptionKey: { valid: [[KEY, KEY.toLowerCase()]], invalid: ["", KEY.slice(1), `${KEY}0`, KEY.replace("0", "g")] },
  metricsToken: { valid: [["m", "m"]], invalid: ["", "a b"] },
  oidcIssuer: {
    valid: [
      ["https://id.example.com/realms/a", "https://id.example.com/realms/a"],
      ["http://127.0.0.1:9000", "http://127.0.0.1:9000"],
      ["http://localhost:9000/", "http://localhost:9000/"],
    ],
    invalid: [
      "",
      "id.example.com",
      "http://id.example.com",
      "ftp://x",
      "https://u:p@x",
      "https://x/?a",
      "https://x/#a",
    ],
  },
  oidcClientId: { valid: [["boathook", "boathook"]], invalid: ["", "a b", "x".repeat(257), "ä"] },
  oidcClientSecret: { valid: [["s3cret ü", "s3cret ü"]], invalid: [""] },
  oidcAdmins: {
    valid: [
      ["Ada@Example.com", [{ kind: "email", email: "ada@example.com" }]],
      [
        "*@example.com, group:ops team",
        [
          { kind: "domain", domain: "example.com" },
          { kind: "group", group: "ops team" },
        ],
      ],
    ],
    invalid: ["ada", "*", "@example.com", "a*@example.com", "ada@", "a@b@c", "group:", "ada@example.com,,", "*@*"],
  },
  store: {
    valid: [
      ["sqlite", "sqlite"],
      ["postgres://user:pass@db.example/hooks", "postgres://user:pass@db.example/hooks"],
      ["postgres://us%40er:50%25@db.example/a%2Fb", "postgres://us%40er:50%25@db.example/a%2Fb"],
      ["postgresql://db.example:6432/hooks?sslmode=require", "postgresql://db.example:6432/hooks?sslmode=require"],
    ],
    invalid: [
      "",
      "mysql://db/hooks",
      "postgres://db.example",
      "postgres:///hooks",
      "postgres://db/a/b",
      "postgres://db/a?password=b",
      "postgres://user:50%@db/a",
      "postgres://db/a%zz",
      "postgres://db/a?sslmode=on",
      "SQLite",
    ],
  },
  leaseMs: { valid: [["30s", 30_000]], invalid: ["", "0", "1s", "6m"] },
  dataDir: { valid: [["/var/lib/boathook", "/var/lib/boathook"]], invalid: ["", "  ", "a\0b"] },
  sync: {
    valid: [
      ["full", "full"],
      ["normal", "normal"],
    ],
    invalid: ["", "off", "Full"],
  },
  backupDir: { valid: [["/mnt/backups", "/mnt/backups"]], invalid: ["", "  ", "a\0b"] },
  backupEveryMs: { valid: [["6h", 6 * 3_600_000]], invalid: ["", "0", "999ms", "24"] },
  backupKeep: { valid: [["30", 30]], invalid: ["", "0", "1.5", "100001"] },
  replica: {
    valid: [
      ["/mnt/replica", "/mnt/replica"],
      ["s3://bucket", "s3://bucket"],
      ["s3://my.bucket-1/some/prefix", "s3://my.bucket-1/some/prefix"],
    ],
    invalid: ["", " ", "a\0b", "s3://", "s3://a", "S3://bucket", "s3://bucket/a b", "https://host/replica"],
  },
  replicaSync: { valid: [["sync", "sync"]], invalid: ["", "full"] },
  replicaTimeoutMs: { valid: [["2s", 2000]], invalid: ["", "0", "99ms"] },
  retentionMs: { valid: [["30d", 30 * DAY_MS]], invalid: ["", "0", "90", "-1d", "999999d"] },
  retryScheduleMs: {
    valid: [
      ["", []],
      ["5s", [5000]],
      ["0,250ms, 5m", [0, 250, 300_000]],
    ],
    invalid: ["5", "5s,", "5s;5m", "5s,,5m", Array(101).fill("1s").join(",")],
  },
  retryJitter: {
    valid: [
      ["0", 0],
      ["0.25", 0.25],
      ["1", 1],
    ],
    invalid: ["", "1.1", "-0.1", "20%", ".5", "1e-1", "NaN"],
  },
  deliveryTimeoutMs: { valid: [["250ms", 250]], invalid: ["", "0", "25h", "15"] },
  deliveryConcurrency: { valid: [["1", 1]], invalid: ["", "0", "60001", "many"] },
  quotaEndpoints: { valid: [["1", 1]], invalid: ["", "0", "100001", "many"] },
  quotaMessagesPerDay: { valid: [["1000", 1000]], invalid: ["", "0", "1.5", "1000000001", "many"] },
  quotaStoredBytes: { valid: [["10GiB", 10 * 1024 ** 3]], invalid: ["", "0", "-1", "1048577GiB", "much"] },
  endpointsPerAppMax: { valid: [["1", 1]], invalid: ["", "0", "100001", "many"] },
  tasksMax: { valid: [["1", 1]], invalid: ["", "0", "1001"] },
  tasksPerAppMax: { valid: [["1000", 1000]], invalid: ["", "0", "1001"] },
  connectionsMax: { valid: [["1", 1]], invalid: ["", "0", "1000001"] },
  endpointConcurrency: { valid: [["1000", 1000]], invalid: ["", "0", "-3"] },
  backlogThresholdMs: {
    valid: [
      ["0", 0],
      ["90s", 90_000],
    ],
    invalid: ["", "-5m", "soon"],
  },
  endpointDisableAfterMs: {
    valid: [
      ["0", 0],
      ["12h", 43_200_000],
    ],
    invalid: ["", "never", "5"],
  },
  awsCredentials: {
    valid: [
      ["none", "none"],
      ["environment", "environment"],
    ],
    invalid: ["true", "AKIDEXAMPLE:secret", ""],
  },
  endpointChallenge: {
    valid: [
      ["off", "off"],
      ["on", "on"],
    ],
    invalid: ["true", "ON", ""],
  },
  signatureHeaders: {
    valid: [
      ["webhook", "webhook"],
      ["svix", "svix"],
      ["both", "both"],
    ],
    invalid: ["", "webhook,svix"],
  },
  allowSubnets: { valid: [["", []]], invalid: ["10.0.0", "10.0.0.0/33", "10.0.0.0/8,", "any"] },
  nameServers: {
    valid: [
      ["", []],
      ["10.0.0.53, 127.0.0.1:8600", ["10.0.0.53", "127.0.0.1:8600"]],
      ["::1,[fd00::53],[fd00::53]:5353", ["::1", "[fd00::53]", "[fd00::53]:5353"]],
    ],
    invalid: [
      ...["ns.example.com", "10.0.0", "10.0.0.53:0", "10.0.0.53:65536", "10.0.0.53,", "::1:x", "[10.0.0.53]:53"],
      ...["fe80::1%eth0", "[::1", Array(9).fill("10.0.0.53").join()],
    ],
  },
  egressProxy: {
    valid: [
      ["http://proxy.internal:3128", "http://proxy.internal:3128/"],
      ["socks5://10.0.0.1", "socks5://10.0.0.1"],
      ["socks5://[fd00::1]:1080", "socks5://[fd00::1]:1080"],
      ["http://user:p%40ss@10.0.0.1:3128", "http://user:p%40ss@10.0.0.1:3128/"],
    ],
    invalid: [
      ...["", "proxy:3128", "https://proxy:3128", "socks5h://proxy:1080", "socks4://proxy", "http://:3128"],
      ...["http://proxy/path", "http://proxy/?a", "http://proxy/#a", "http://proxy:0", "http://proxy:99999"],
      ...["http://us%0aer:x@proxy", "http://user:%zz@proxy", `socks5://user:${"x".repeat(256)}@proxy`],
    ],
  },
  httpsOnly: {
    valid: [
      ["true", true],
      ["false", false],
    ],
    invalid: ["", "yes", "1"],
  },
  maxBodyBytes: {
    valid: [
      ["64KiB", 65_536],
      ["1B", 1],
    ],
    invalid: ["", "0B", "2MB", "1GiB", "-1KiB"],
  },
  maxResponseStoredBytes: { valid: [["0B", 0]], invalid: ["", "17MiB", "all"] },
  ingestRatePerSecond: { valid: [["500/s", 500]], invalid: ["", "500", "0/s", "-1/s"] },
  sandboxTimeoutMs: { valid: [["100ms", 100]], invalid: ["", "0ms", "11s", "50"] },
  sandboxMemoryBytes: { valid: [["32MiB", 32 * 1024 * 1024]], invalid: ["", "1KiB", "2GiB"] },
  sandboxWorkers: { valid: [["4", 4]], invalid: ["", "0", "65"] },
  idempotencyMismatch: { valid: [["reject", "reject"]], invalid: ["", "ignore"] },
  notifyMail: {
    valid: [["ops@example.com, on-call+hooks@müller.example", ["ops@example.com", "on-call+hooks@müller.example"]]],
    invalid: [
      ...["ops", "@example.com", "ops@", "ops@a..b", "ops@-a.example", "Ops <ops@example.com>", '"a b"@example.com'],
      ...["a@example.com\r\nBcc: b@example.com", "a b@example.com", `${"a".repeat(65)}@example.com`],
      Array(51).fill("ops@example.com").join(),
    ],
  },
  notifyFrom: {
    valid: [["boathook@example.com", "boathook@example.com"]],
    invalid: ["", "a@b@c", "a@example.com,b@example.com", "a@example.com\n"],
  },
  smtpUrl: {
    valid: [
      [
        "smtp://u%40x:p%3A%2F@mail.example.com",
        { host: "mail.example.com", port: 587, login: { user: "u@x", password: "p:/" }, encryption: "required" },
      ],
      ["smtp://[::1]:25?starttls=off", { host: "::1", port: 25, login: null, encryption: "off" }],
      ["smtps://mail.example.com/", { host: "mail.example.com", port: 465, login: null, encryption: "tls" }],
    ],
    invalid: [
      ...["", "mail.example.org", "http://mail.example.org", "smtp://?", "smtp://host:0", "smtp://host:65536"],
      ...["smtp://u@host", "smtp://:p@host", "smtp://u:%ff@host", "smtp://host/path", "smtp://host#x"],
      ...["smtp://host?starttls=never", "smtp://host?tls=required", "smtps://host?starttls=off"],
      ...["smtp://host?starttls=off&starttls=off", "smtp://ho st"],
    ],
  },
  notifySlack: {
    valid: [["https://hooks.example.com/services/T/B/x", "https://hooks.example.com/services/T/B/x"]],
    invalid: ["", "hooks.example.com", "ftp://hooks.example.com", "https://u:p@hooks.example.com", "https://a b"],
  },
  notifyTeams: {
    valid: [["https://flows.example.com/x?sig=1", "https://flows.example.com/x?sig=1"]],
    invalid: ["", "https://?", "file:///etc/passwd"],
  },
  notifyAfterMs: {
    valid: [
      ["0", 0],
      ["10m", 600_000],
    ],
    invalid: ["", "10", "never"],
  },
  notifyQuietMs: { valid: [["1h", 3_600_000]], invalid: ["", "60", "-1h"] },
  otlpEndpoint: {
    valid: [
      ["http://127.0.0.1:4318", "http://127.0.0.1:4318"],
      ["https://otel.example.com/team/", "https://otel.example.com/team"],
    ],
    invalid: ["", "127.0.0.1:4318", "grpc://x", "https://u:p@x", "https://x/?a"],
  },
  otlpHeaders: {
    valid: [
      ["", []],
      ["authorization=Bearer%20abc", [["authorization", "Bearer abc"]]],
      [
        " X-Team = web , x-b=a=b%2Cc ",
        [
          ["x-team", "web"],
          ["x-b", "a=b,c"],
        ],
      ],
    ],
    invalid: [
      ...["secret-7", "=secret-7", "a b=secret-7", "a=secret-7,", "a=secret-7,,b=1", "a=secret-7,A=2", "a=", "a=%20"],
      ...["a=%zz", "a=%0Asecret", "a=ä", "content-type=secret-7", "Host=secret-7", `a=${"7".repeat(9000)}`],
    ],
  },
  otlpProtocol: { valid: [["http/json", "http/json"]], invalid: ["", "grpc", "json"] },
  otlpSample: {
    valid: [
      ["0", 0],
      ["0.5", 0.5],
      ["1", 1],
    ],
    invalid: ["", "1.1", "-1", "50%"],
  },
  logLevel: { valid: [["debug", "debug"]], invalid: ["", "INFO", "trace"] },
  logFormat: {
    valid: [
      ["json", "json"],
      ["pretty", "pretty"],
    ],
    invalid: ["", "text"],
  },
};

/** The settings for logins at an identity provider are only valid together. */
const LOGIN = {
  BOATHOOK_OIDC_ISSUER: "https://id.example.com",
  BOATHOOK_OIDC_CLIENT_ID: "boathook",
  BOATHOOK_OIDC_CLIENT_SECRET: "secret",
  BOATHOOK_OIDC_ADMINS: "ada@example.com",
};

test.each([
  ["tls-cert", "tls-key"],
  ["tls-key", "tls-cert"],
])("%s without %s is refused", (set, missing) => {
  expect(refusal({ flags: { [set]: "file.pem" } })).toBe(
    `${set} is set, but ${missing} is missing. Set both of them, or remove ${set}.`,
  );
});

test("settings for logins that are incomplete are refused with one sentence that names the missing ones", () => {
  for (const omitted of Object.keys(LOGIN)) {
    const environment = { ...LOGIN, [omitted]: undefined };
    const name = omitted.replace("BOATHOOK_", "").toLowerCase().replaceAll("_", "-");
    expect(() => read({ environment })).toThrow(
      new SettingsError(
        `The settings for logins at an identity provider are incomplete: ${name} is missing. Set all of them, or remove ${[
          ...["oidc-issuer", "oidc-client-id", "oidc-client-secret", "oidc-admins"].filter((one) => one !== name),
        ].join(", ")}.`,
      ),
    );
  }
  expect(() => read({ flags: { "oidc-issuer": "https://id.example.com" } })).toThrow(
    "oidc-client-id, oidc-client-secret, oidc-admins are missing. Set all of them, or remove oidc-issuer.",
  );
});

/** The settings for notices by mail are only valid together. */
const MAIL = {
  BOATHOOK_NOTIFY_MAIL: "ops@example.com",
  BOATHOOK_NOTIFY_FROM: "boathook@example.com",
  BOATHOOK_SMTP_URL: "smtp://mail.example.com",
};

test("settings for notices by mail that are incomplete are refused with one sentence that names the missing ones", () => {
  expect(() => read({ environment: { ...MAIL, BOATHOOK_SMTP_URL: undefined } })).toThrow(
    new SettingsError(
      "The settings for notices by mail are incomplete: smtp-url is missing. Set all three, or remove notify-mail and notify-from.",
    ),
  );
  expect(() => read({ flags: { "notify-mail": "ops@example.com" } })).toThrow(
    "notify-from and smtp-url are missing. Set all three, or remove notify-mail.",
  );
});

describe("every setting", () => {
  for (const [field, setting] of allSettings()) {
    for (const [text, value] of CASES[field].valid) {
      test(`${setting.name} accepts ${JSON.stringify(text)}`, () => {
        expect(
          read({
            environment: {
              ...(setting.group === "Login" && LOGIN),
              ...(setting.name.startsWith("tls-") && TLS),
              ...(setting.group === "Notices" && MAIL),
              ...(setting.name === "store" && SHARED_SECRETS),
              [variableOf(setting)]: text,
            },
          })[field],
        ).toEqual(value as never);
      });
    }
    for (const text of CASES[field].invalid) {
      test(`${setting.name} refuses ${JSON.stringify(text.slice(0, 40))} with one sentence that names the setting and the expected value`, () => {
        const message = refusal({ environment: { [variableOf(setting)]: text } });
        expect(message).toStartWith(`${variableOf(setting)} must be ${setting.kind.expected}`);
        const isHidden = setting.secret || setting.concealed;
        const masked = text.replace("u:p@", "u:***@");
        const shown = JSON.stringify(masked.slice(0, 80)).slice(1, -1);
        expect(message).toContain(isHidden ? ", its value is a secret and not shown." : `, but is "${shown}`);
        expect(message).not.toContain("\n");
        if (isHidden && text.trim() !== "") expect(message).not.toContain(text);
      });
    }
    test(`the default of ${setting.name} is valid or null`, () => {
      if (setting.default !== null) expect(setting.kind.parse(setting.default)).not.toBeNull();
    });
  }
});

test("each omitted setting has its documented default", () => {
  expect(read()).toEqual({
    host: "127.0.0.1",
    port: 8071,
    grpcPort: null,
    publicUrl: null,
    shard: null,
    socketMode: 0o660,
    trustedProxies: [],
    tlsCert: null,
    tlsKey: null,
    shutdownTimeoutMs: 20_000,
    rootToken: null,
    jwtSecret: null,
    encryptionKey: null,
    metricsToken: null,
    oidcIssuer: null,
    oidcClientId: null,
    oidcClientSecret: null,
    oidcAdmins: [],
    store: "sqlite",
    leaseMs: 10_000,
    dataDir: "./boathook-data",
    sync: "full",
    retentionMs: 90 * DAY_MS,
    backupDir: null,
    backupEveryMs: DAY_MS,
    backupKeep: 7,
    replica: null,
    replicaSync: "async",
    replicaTimeoutMs: 5000,
    retryScheduleMs: [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000],
    retryJitter: 0.2,
    deliveryTimeoutMs: 15_000,
    deliveryConcurrency: 256,
    endpointConcurrency: 16,
    endpointDisableAfterMs: 5 * DAY_MS,
    backlogThresholdMs: 300_000,
    signatureHeaders: "webhook",
    awsCredentials: "none",
    endpointChallenge: "off",
    allowSubnets: [],
    nameServers: [],
    egressProxy: null,
    httpsOnly: false,
    maxBodyBytes: 2 * 1024 * 1024,
    maxResponseStoredBytes: 16 * 1024,
    ingestRatePerSecond: null,
    sandboxTimeoutMs: 50,
    sandboxMemoryBytes: 16 * 1024 * 1024,
    sandboxWorkers: 2,
    idempotencyMismatch: "replay",
    endpointsPerAppMax: 10_000,
    quotaEndpoints: null,
    quotaMessagesPerDay: null,
    quotaStoredBytes: null,
    tasksMax: 8,
    tasksPerAppMax: 2,
    connectionsMax: null,
    notifyMail: [],
    notifyFrom: null,
    smtpUrl: null,
    notifySlack: null,
    notifyTeams: null,
    notifyAfterMs: 600_000,
    notifyQuietMs: 3_600_000,
    otlpEndpoint: null,
    otlpHeaders: null,
    otlpProtocol: "http/protobuf",
    otlpSample: 1,
    logLevel: "info",
    logFormat: "json",
  });
});

test("the log format on a terminal is pretty unless it is set", () => {
  expect(read({ terminal: true }).logFormat).toBe("pretty");
  expect(read({ terminal: true, flags: { "log-format": "json" } }).logFormat).toBe("json");
});

test("allow-subnets reads every CIDR of its list", () => {
  expect(read({ flags: { "allow-subnets": "127.0.0.0/8, fd00::/8" } }).allowSubnets).toHaveLength(2);
});

describe("precedence", () => {
  test("a flag overrides a variable, a variable overrides the file, and the file overrides the default", () => {
    using dir = temporaryDirectory();
    writeFileSync(dir.file("a.toml"), "port = 1\nretry-jitter = 0.5\nlog-level = 'warn'");
    const settings = read({
      flags: { config: dir.file("a.toml"), port: "3" },
      environment: { BOATHOOK_PORT: "2", BOATHOOK_RETRY_JITTER: "0.6" },
    });
    expect(settings).toMatchObject({ port: 3, retryJitter: 0.6, logLevel: "warn", host: "127.0.0.1" });
  });

  test("BOATHOOK_CONFIG names the configuration file unless --config is given", () => {
    using dir = temporaryDirectory();
    writeFileSync(dir.file("a.toml"), "port = 1");
    writeFileSync(dir.file("b.toml"), "port = 2");
    const environment = { BOATHOOK_CONFIG: dir.file("a.toml") };
    expect(read({ environment }).port).toBe(1);
    expect(read({ environment, flags: { config: dir.file("b.toml") } }).port).toBe(2);
  });

  test("an invalid setting is refused even if another source overrides it", () => {
    expect(refusal({ flags: { port: "3" }, environment: { BOATHOOK_PORT: "x" } })).toStartWith("BOATHOOK_PORT must be");
  });
});

describe("configuration file", () => {
  test("the configuration file accepts the natural TOML type of each value", () => {
    const settings = readToml(`
      port = 9000
      https-only = true
      retry-schedule = ["1s", "2s"]
      retry-jitter = 0
      endpoint-disable-after = 0
      allow-subnets = []
      root-token = "${ROOT_TOKEN}"
    `);
    expect(settings).toMatchObject({
      port: 9000,
      httpsOnly: true,
      retryScheduleMs: [1000, 2000],
      retryJitter: 0,
      endpointDisableAfterMs: 0,
      allowSubnets: [],
      rootToken: ROOT_TOKEN,
    });
  });

  const wrongTypes: ReadonlyArray<readonly [toml: string, got: string]> = [
    ['port = "9000"', '"9000"'],
    ["port = 80.5", "the number 80.5"],
    ["host = 1", "the number 1"],
    ['https-only = "true"', '"true"'],
    ["delivery-timeout = 15", "the number 15"],
    ["retry-schedule = [5, 10]", "an array with invalid items"],
    ['retry-schedule = ["5s,5m"]', "an array with invalid items"],
    ['retry-schedule = [""]', "an array with invalid items"],
    ["data-dir = true", "the boolean true"],
    ["[port]\na = 1", "a value of the wrong type"],
  ];
  for (const [toml, got] of wrongTypes) {
    test(`the configuration file refuses ${JSON.stringify(toml)}`, () => {
      expect(tomlRefusal(toml)).toEndWith(`, but is ${got}.`);
    });
  }

  test("an unknown key in the configuration file is refused with a suggestion", () => {
    expect(tomlRefusal("prot = 1")).toMatch(/^The setting "prot" in .* is unknown; did you mean port\?$/);
    expect(tomlRefusal("__proto__ = 1")).toContain('"__proto__"');
    expect(tomlRefusal("constructor = 1")).toContain('"constructor"');
  });

  test("a configuration file that is not TOML is refused without quoting its content", () => {
    const message = tomlRefusal("root-token = hunter2");
    expect(message).toContain("not valid TOML");
    expect(message).not.toContain("hunter2");
  });

  test("a configuration file that cannot be read is refused", () => {
    expect(refusal({ flags: { config: "/nowhere/boathook.toml" } })).toMatch(
      /^The configuration file .* cannot be read \(ENOENT\)/,
    );
  });
});

describe.skipIf(process.platform === "win32")("a pipe as configuration file", () => {
  const fifo = (path: string) => expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);

  test("a pipe to which no process writes is refused as configuration file", () => {
    using dir = temporaryDirectory();
    fifo(dir.file("boathook.toml"));
    expect(refusal({ flags: { config: dir.file("boathook.toml") } })).toMatch(
      /^The configuration file \S+ is a pipe to which no process writes; set --config to a TOML file\.$/,
    );
  });

  test("a configuration file may be a pipe whose writer writes in parts", async () => {
    using dir = temporaryDirectory();
    const path = dir.file("boathook.toml");
    fifo(path);
    const script = `exec > ${path}; printf 'port = 80'; sleep 0.1; printf 99`;
    const writer = Bun.spawn(["bash", "-c", script]);
    expect(read({ flags: { config: path } }).port).toBe(8099);
    expect(await writer.exited).toBe(0);
  });
});

describe("settings that are refused whatever their value", () => {
  test("an unknown variable with the prefix of settings is refused", () => {
    expect(refusal({ environment: { BOATHOOK_RETRY_SHEDULE: "5s" } })).toContain(
      "did you mean BOATHOOK_RETRY_SCHEDULE?",
    );
    expect(refusal({ environment: { BOATHOOK_NONSENSE_HERE: "5s" } })).toContain("known names: BOATHOOK_HOST");
  });

  test("a secret that is given as a flag is refused, and the error does not contain it", () => {
    for (const [, setting] of allSettings().filter(([, one]) => one.secret)) {
      const message = refusal({ flags: { [setting.name]: "hunter2" } });
      expect(message).toStartWith(`--${setting.name} is not allowed because`);
      expect(message).toContain(variableOf(setting));
      expect(message).not.toContain("hunter2");
    }
  });
});

test("the names of settings are unique and well-formed", () => {
  const names = allSettings().map(([, setting]) => setting.name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
  expect(variableOf(SCHEMA.retryScheduleMs)).toBe("BOATHOOK_RETRY_SCHEDULE");
});
