import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { readSettings, SCHEMA, type Settings, SettingsError, variableOf } from "../../src/config/index.ts";
import { allSettings, type Field } from "../../src/config/schema.ts";
import { temporaryDirectory } from "../support/temporary.ts";

function read(sources: Partial<Parameters<typeof readSettings>[0]> = {}): Settings {
  return readSettings({ flags: {}, environment: {}, terminal: false, ...sources });
}

/** The sentence with which the settings are refused. */
function refusal(sources: Partial<Parameters<typeof readSettings>[0]>): string {
  try {
    read(sources);
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  throw new Error("the settings were accepted");
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

const KEY = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
const DAY_MS = 86_400_000;

type Case = {
  readonly good: ReadonlyArray<readonly [text: string, value: unknown]>;
  readonly bad: readonly string[];
};

/** Every setting: texts that it takes with what they mean, and texts that it refuses. */
const CASES: Readonly<Record<Field, Case>> = {
  host: {
    good: [
      ["0.0.0.0", "0.0.0.0"],
      ["::1", "::1"],
      ["hooks.example.com", "hooks.example.com"],
    ],
    bad: ["", "[::1]", "http://localhost", "a b", "256.1.1.1", "127.0.0.1:80", "-a", "a..b"],
  },
  port: {
    good: [
      ["0", 0],
      ["65535", 65535],
    ],
    bad: ["", "65536", "-1", "80.5", "0x50", "http", "1e3", " 80"],
  },
  publicUrl: {
    good: [
      ["https://hooks.example.com/", "https://hooks.example.com"],
      ["http://10.0.0.1:8071/base", "http://10.0.0.1:8071/base"],
    ],
    bad: ["", "hooks.example.com", "ftp://x", "https://u:p@x", "https://x/?a=1", "https://x/#a", "https://"],
  },
  shutdownTimeoutMs: {
    good: [
      ["0", 0],
      ["90s", 90_000],
    ],
    bad: ["", "20", "-1s", "20 s", "1w", "1e3s"],
  },
  rootToken: { good: [["s3cret!", "s3cret!"]], bad: ["", "a b", "ä", "x".repeat(257), "a\nb"] },
  jwtSecret: { good: [["s3cret!", "s3cret!"]], bad: ["", "a b"] },
  encryptionKey: { good: [[KEY, KEY.toLowerCase()]], bad: ["", KEY.slice(1), `${KEY}0`, KEY.replace("0", "g")] },
  metricsToken: { good: [["m", "m"]], bad: ["", "a b"] },
  dataDir: { good: [["/var/lib/boathook", "/var/lib/boathook"]], bad: ["", "  ", "a\0b"] },
  sync: {
    good: [
      ["full", "full"],
      ["normal", "normal"],
    ],
    bad: ["", "off", "Full"],
  },
  retentionMs: { good: [["30d", 30 * DAY_MS]], bad: ["", "0", "90", "-1d", "999999d"] },
  retryScheduleMs: {
    good: [
      ["", []],
      ["5s", [5000]],
      ["0,250ms, 5m", [0, 250, 300_000]],
    ],
    bad: ["5", "5s,", "5s;5m", "5s,,5m", Array(101).fill("1s").join(",")],
  },
  retryJitter: {
    good: [
      ["0", 0],
      ["0.25", 0.25],
      ["1", 1],
    ],
    bad: ["", "1.1", "-0.1", "20%", ".5", "1e-1", "NaN"],
  },
  deliveryTimeoutMs: { good: [["250ms", 250]], bad: ["", "0", "25h", "15"] },
  deliveryConcurrency: { good: [["1", 1]], bad: ["", "0", "60001", "many"] },
  endpointConcurrency: { good: [["1000", 1000]], bad: ["", "0", "-3"] },
  backlogThresholdMs: {
    good: [
      ["0", 0],
      ["90s", 90_000],
    ],
    bad: ["", "-5m", "soon"],
  },
  endpointDisableAfterMs: {
    good: [
      ["0", 0],
      ["12h", 43_200_000],
    ],
    bad: ["", "never", "5"],
  },
  signatureHeaders: {
    good: [
      ["webhook", "webhook"],
      ["svix", "svix"],
      ["both", "both"],
    ],
    bad: ["", "webhook,svix"],
  },
  allowSubnets: { good: [["", []]], bad: ["10.0.0", "10.0.0.0/33", "10.0.0.0/8,", "any"] },
  httpsOnly: {
    good: [
      ["true", true],
      ["false", false],
    ],
    bad: ["", "yes", "1"],
  },
  egressProxy: { good: [], bad: ["", "proxy:3128", "https://proxy"] },
  maxBodyBytes: {
    good: [
      ["64KiB", 65_536],
      ["1B", 1],
    ],
    bad: ["", "0B", "2MB", "1GiB", "-1KiB"],
  },
  maxResponseStoredBytes: { good: [["0B", 0]], bad: ["", "17MiB", "all"] },
  ingestRatePerSecond: { good: [["500/s", 500]], bad: ["", "500", "0/s", "-1/s"] },
  logLevel: { good: [["debug", "debug"]], bad: ["", "INFO", "trace"] },
  logFormat: {
    good: [
      ["json", "json"],
      ["pretty", "pretty"],
    ],
    bad: ["", "text"],
  },
};

describe("every setting", () => {
  for (const [field, setting] of allSettings()) {
    for (const [text, value] of CASES[field].good) {
      test(`${setting.name} takes ${JSON.stringify(text)}`, () => {
        expect(read({ environment: { [variableOf(setting)]: text } })[field]).toEqual(value as never);
      });
    }
    for (const text of CASES[field].bad) {
      test(`${setting.name} refuses ${JSON.stringify(text.slice(0, 40))} in one sentence that names it and says what it wants`, () => {
        const message = refusal({ environment: { [variableOf(setting)]: text } });
        expect(message).toStartWith(`${variableOf(setting)} got `);
        expect(message).toContain(`but wants ${setting.kind.wants}`);
        expect(message).not.toContain("\n");
        if (setting.secret && text.trim() !== "") expect(message).not.toContain(text);
      });
    }
    test(`${setting.name} has a default that it would itself accept`, () => {
      if (setting.default !== null) expect(setting.kind.parse(setting.default)).not.toBeNull();
    });
  }
});

test("without any source the documented defaults apply", () => {
  expect(read()).toEqual({
    host: "127.0.0.1",
    port: 8071,
    publicUrl: null,
    shutdownTimeoutMs: 20_000,
    rootToken: null,
    jwtSecret: null,
    encryptionKey: null,
    metricsToken: null,
    dataDir: "./boathook-data",
    sync: "full",
    retentionMs: 90 * DAY_MS,
    retryScheduleMs: [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000],
    retryJitter: 0.2,
    deliveryTimeoutMs: 15_000,
    deliveryConcurrency: 256,
    endpointConcurrency: 16,
    endpointDisableAfterMs: 5 * DAY_MS,
    backlogThresholdMs: 300_000,
    signatureHeaders: "webhook",
    allowSubnets: [],
    httpsOnly: false,
    egressProxy: null,
    maxBodyBytes: 2 * 1024 * 1024,
    maxResponseStoredBytes: 16 * 1024,
    ingestRatePerSecond: null,
    logLevel: "info",
    logFormat: "json",
  });
});

test("on a terminal the log is pretty unless a format is asked for", () => {
  expect(read({ terminal: true }).logFormat).toBe("pretty");
  expect(read({ terminal: true, flags: { "log-format": "json" } }).logFormat).toBe("json");
});

test("allow-subnets reads every CIDR of its list", () => {
  expect(read({ flags: { "allow-subnets": "127.0.0.0/8, fd00::/8" } }).allowSubnets).toHaveLength(2);
});

describe("precedence", () => {
  test("a flag goes before a variable, a variable before the file, the file before the default", () => {
    using dir = temporaryDirectory();
    writeFileSync(dir.file("a.toml"), "port = 1\nretry-jitter = 0.5\nlog-level = 'warn'");
    const settings = read({
      flags: { config: dir.file("a.toml"), port: "3" },
      environment: { BOATHOOK_PORT: "2", BOATHOOK_RETRY_JITTER: "0.6" },
    });
    expect(settings).toMatchObject({ port: 3, retryJitter: 0.6, logLevel: "warn", host: "127.0.0.1" });
  });

  test("BOATHOOK_CONFIG names the file unless --config does", () => {
    using dir = temporaryDirectory();
    writeFileSync(dir.file("a.toml"), "port = 1");
    writeFileSync(dir.file("b.toml"), "port = 2");
    const environment = { BOATHOOK_CONFIG: dir.file("a.toml") };
    expect(read({ environment }).port).toBe(1);
    expect(read({ environment, flags: { config: dir.file("b.toml") } }).port).toBe(2);
  });

  test("a wrong value is refused although a better source overrides it", () => {
    expect(refusal({ flags: { port: "3" }, environment: { BOATHOOK_PORT: "x" } })).toStartWith("BOATHOOK_PORT got");
  });
});

describe("the file", () => {
  test("takes the natural type of each value", () => {
    const settings = readToml(`
      port = 9000
      https-only = true
      retry-schedule = ["1s", "2s"]
      retry-jitter = 0
      endpoint-disable-after = 0
      allow-subnets = []
      root-token = "abc"
    `);
    expect(settings).toMatchObject({
      port: 9000,
      httpsOnly: true,
      retryScheduleMs: [1000, 2000],
      retryJitter: 0,
      endpointDisableAfterMs: 0,
      allowSubnets: [],
      rootToken: "abc",
    });
  });

  const wrong: ReadonlyArray<readonly [toml: string, got: string]> = [
    ['port = "9000"', '"9000"'],
    ["port = 80.5", "the number 80.5"],
    ["host = 1", "the number 1"],
    ['https-only = "true"', '"true"'],
    ["delivery-timeout = 15", "the number 15"],
    ["retry-schedule = [5, 10]", "an array that does not fit"],
    ['retry-schedule = ["5s,5m"]', "an array that does not fit"],
    ['retry-schedule = [""]', "an array that does not fit"],
    ["data-dir = true", "the boolean true"],
    ["[port]\na = 1", "a value of another type"],
  ];
  for (const [toml, got] of wrong) {
    test(`refuses ${JSON.stringify(toml)}`, () => {
      expect(tomlRefusal(toml)).toContain(`got ${got} but wants`);
    });
  }

  test("refuses an unknown key and names the one that was meant", () => {
    expect(tomlRefusal("prot = 1")).toMatch(/"prot" in .* is not a setting; did you mean port\./);
    expect(tomlRefusal("__proto__ = 1")).toContain('"__proto__"');
    expect(tomlRefusal("constructor = 1")).toContain('"constructor"');
  });

  test("is refused without a word of its content when it is not TOML", () => {
    const message = tomlRefusal("root-token = hunter2");
    expect(message).toContain("not valid TOML");
    expect(message).not.toContain("hunter2");
  });

  test("is refused when it cannot be read", () => {
    expect(refusal({ flags: { config: "/nowhere/boathook.toml" } })).toMatch(
      /^config names .* cannot be read \(ENOENT\)/,
    );
  });
});

describe("what is refused whatever its value", () => {
  test("a variable that looks like a setting but is none", () => {
    expect(refusal({ environment: { BOATHOOK_RETRY_SHEDULE: "5s" } })).toContain(
      "did you mean BOATHOOK_RETRY_SCHEDULE",
    );
    expect(refusal({ environment: { BOATHOOK_NONSENSE_HERE: "5s" } })).toContain("known are BOATHOOK_HOST");
  });

  test("a secret as a flag, without repeating it", () => {
    for (const [, setting] of allSettings().filter(([, one]) => one.secret)) {
      const message = refusal({ flags: { [setting.name]: "hunter2" } });
      expect(message).toStartWith(`--${setting.name} was given`);
      expect(message).toContain(variableOf(setting));
      expect(message).not.toContain("hunter2");
    }
  });

  test("a setting that this version cannot do yet", () => {
    expect(refusal({ flags: { "egress-proxy": "socks5://127.0.0.1:1080" } })).toContain(
      "does not support egress-proxy yet",
    );
  });
});

test("names, flags and variables are unique and well formed", () => {
  const names = allSettings().map(([, setting]) => setting.name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
  expect(variableOf(SCHEMA.retryScheduleMs)).toBe("BOATHOOK_RETRY_SCHEDULE");
});
