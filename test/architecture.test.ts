import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const ROOT = join(import.meta.dir, "..");
const SRC = join(ROOT, "src");

interface Import {
  /** Path relative to `src`, such as `deliver/engine.ts`. */
  readonly file: string;
  /** Path relative to `src` (`../…` outside of it), or the name of a package. */
  readonly target: string;
  readonly isTypeOnly: boolean;
}

interface Source {
  readonly file: string;
  readonly text: string;
}

function filesIn(directory: string, extension: RegExp): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((file) => extension.test(file));
}

const sources: readonly Source[] = filesIn(SRC, /\.tsx?$/).map((file) => ({
  file,
  text: readFileSync(join(SRC, file), "utf8"),
}));

const FROM = /^(?:import|export)\b(?<clause>[^;]*?)\bfrom\s+"(?<target>[^"]+)"/gm;
const BARE = /(?<![./\w-])import\s*\(?\s*"(?<target>[^"]+)"/g;

function importsOf({ file, text }: Source): Import[] {
  const resolve = (target: string) =>
    target.startsWith(".") ? relative(SRC, join(SRC, dirname(file), target)) : target;
  const from = [...text.matchAll(FROM)].map(({ groups }) => ({
    file,
    target: resolve(groups!.target!),
    isTypeOnly: isTypeOnly(groups!.clause!),
  }));
  const bare = [...text.matchAll(BARE)].map(({ groups }) => ({
    file,
    target: resolve(groups!.target!),
    isTypeOnly: false,
  }));
  return [...from, ...bare];
}

/**
 * Returns whether an import clause imports only types: ` type { A }`, or braces in which every name
 * has `type`.
 */
function isTypeOnly(clause: string): boolean {
  const text = clause.trim();
  if (text.startsWith("type ")) return true;
  const names = /^\{(?<names>[^}]*)\}$/.exec(text)?.groups?.names;
  return names?.split(",").every((name) => name.trim() === "" || name.trim().startsWith("type ")) ?? false;
}

const imports = sources.flatMap(importsOf);

/** Returns the groups of files of which each imports all others, directly or through others of the group. */
function circlesOf(imports: readonly Pick<Import, "file" | "target">[]): readonly (readonly string[])[] {
  const targets = Map.groupBy(imports, ({ file }) => file);
  const reached = new Map<string, ReadonlySet<string>>();
  for (const file of targets.keys()) {
    const found = new Set<string>();
    const next = [file];
    for (let one = next.pop(); one !== undefined; one = next.pop()) {
      for (const { target } of targets.get(one) ?? []) {
        if (found.has(target)) continue;
        found.add(target);
        next.push(target);
      }
    }
    reached.set(file, found);
  }
  const inCircles = [...reached].filter(([file, found]) => found.has(file));
  const groups = Map.groupBy(inCircles, ([file, found]) =>
    [...found]
      .filter((other) => reached.get(other)?.has(file))
      .sort()
      .join(" "),
  );
  return [...groups.keys()].map((group) => group.split(" "));
}

/**
 * Returns the part to which a path relative to `src` belongs: its top-level directory, or the file
 * itself.
 */
function partOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : path;
}

/**
 * The other parts that each part may import. A new part must be added here. `type:` allows only
 * types.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "main.ts": ["cli"],
  "worker.ts": ["thread"],
  "sandbox-worker.ts": ["sandbox"],
  "checkpoint-worker.ts": ["store"],
  "worker-threads.ts": ["sandbox", "type:config", "type:ports.ts"],
  bench: [],
  // Configuration as code calls the API of a server, and checks files as the API checks requests.
  apply: ["api", "commands", "filter", "sandbox", "thread", "core"],
  // The relay calls the API of a server, and a database of the user.
  relay: ["core"],
  cli: [
    "app.ts",
    "apply",
    "bench",
    "commands",
    "config",
    "core",
    "doctor",
    "edge",
    "relay",
    "server-store.ts",
    "store",
    "telemetry",
    "ports.ts",
    "server-store.ts",
    "../package.json",
  ],
  "app.ts": [
    ...[
      "api",
      "commands",
      "config",
      "core",
      "door",
      "kernel.ts",
      "notice-service.ts",
      "type:notice",
      "edge",
      "ports.ts",
      "store",
      "telemetry",
      "thread",
    ],
    ...["backup-service.ts", "connection-limits.ts", "first-start.ts", "grpc-server.ts", "http-server.ts"],
    ...["kernel-settings.ts", "metrics-readings.ts", "server-store.ts", "system-readings.ts", "tracing.ts"],
    "worker-threads.ts",
  ],
  "server-store.ts": ["config", "core", "edge", "store", "type:telemetry", "worker-threads.ts"],
  "backup-service.ts": ["backup", "edge", "type:config", "type:kernel.ts"],
  "kernel-settings.ts": ["edge", "type:config", "type:kernel.ts"],
  "connection-limits.ts": ["core", "edge", "type:config", "type:telemetry"],
  "first-start.ts": ["commands", "store", "type:config", "type:core", "type:edge", "type:kernel.ts", "type:telemetry"],
  "system-readings.ts": ["config", "edge", "type:api", "type:kernel.ts", "type:telemetry"],
  "metrics-readings.ts": ["type:kernel.ts", "type:store", "type:telemetry"],
  "notice-service.ts": ["notice", "edge", "type:config", "type:kernel.ts"],
  "grpc-server.ts": ["core", "edge", "type:config", "type:telemetry"],
  "http-server.ts": ["api", "core", "edge", "http-listener.ts"],
  "http-listener.ts": ["api", "core", "edge"],
  "tracing.ts": ["config", "core", "edge", "store", "telemetry"],
  "kernel.ts": [
    "type:commands",
    "challenge",
    "consume",
    "sockets",
    "cron",
    "door",
    "operational",
    "accept",
    "deliver",
    "sandbox",
    "store",
    "thread",
    "core",
  ],
  api: [
    ...["commands", "filter", "receive", "store", "thread", "core"],
    ...[
      "type:accept",
      "type:backup",
      "type:sockets",
      "type:door",
      "type:notice",
      "type:operational",
      "type:deliver",
      "type:config",
      "type:ports.ts",
    ],
  ],
  commands: [
    ...["sandbox", "targets"],
    "accept",
    "filter",
    "cron",
    "door",
    "receive",
    "thread",
    "type:operational",
    "type:challenge",
    "type:consume",
    "type:sockets",
    "deliver",
    "store",
    "core",
    "type:ports.ts",
  ],
  challenge: ["targets", "store", "core", "type:ports.ts"],
  operational: ["accept", "store", "core", "type:ports.ts"],
  backup: ["core", "type:ports.ts"],
  notice: ["store", "core", "type:ports.ts"],
  doctor: ["core", "type:store"],
  consume: ["accept", "door", "receive", "targets", "store", "core", "type:ports.ts"],
  cron: ["accept", "receive", "store", "core", "type:ports.ts"],
  accept: ["filter", "json-schema", "deliver", "thread", "store", "core", "type:ports.ts"],
  receive: ["core"],
  door: ["receive", "store", "core", "type:ports.ts"],
  sockets: ["store", "core", "type:ports.ts"],
  deliver: ["targets", "sockets", "filter", "store", "core", "type:ports.ts"],
  targets: ["sandbox", "type:sockets", "core", "type:ports.ts"],
  store: ["core", "type:ports.ts"],
  thread: ["json-schema", "core", "type:ports.ts"],
  "json-schema": ["core"],
  filter: ["core"],
  sandbox: ["core", "type:ports.ts"],
  telemetry: ["core", "type:store", "type:ports.ts"],
  edge: ["core", "type:ports.ts"],
  config: ["core"],
  core: ["type:ports.ts"],
  "ports.ts": [],
};

/** Single imports that break the rules, each with its reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "api/http/static.ts → edge/assets.ts": "the built pages are embedded in the executable by the edge",
};

const PACKAGES: Readonly<Record<string, RegExp>> = {
  // The package `yaml` knows the line and column of each value.
  apply: /^(yaml|node:util|@sinclair\/typebox)$/,
  core: /^(node:crypto|node:buffer|ipaddr\.js)$/,
  accept: /^node:crypto$/,
  cron: /^node:crypto$/,
  receive: /^(node:crypto|node:zlib|croner)$/,
  // Ajv validates messages against the schemas of their event types, with patterns in linear time.
  "json-schema": /^(ajv(-formats)?(\/.+)?|re2js)$/,
  // RE2 in JavaScript matches the expressions of filters in linear time.
  filter: /^re2js$/,
  // QuickJS, compiled to WebAssembly, interprets foreign code.
  sandbox: /^(quickjs-emscripten-core|@jitl\/quickjs-wasmfile-release-sync(\/wasm)?)$/,
  deliver: /^node:crypto$/,
  targets: /^node:crypto$/,
  doctor: /^$/,
  notice: /^$/,
  challenge: /^$/,
  // `bun` has the client of PostgreSQL.
  store: /^(node:crypto|node:fs|node:path|bun:sqlite|bun:ffi|bun)$/,
};

function mayImport({ file, target, isTypeOnly: typeOnly }: Import): boolean {
  const [from, to] = [partOf(file), target.startsWith("..") ? target : partOf(target)];
  if (from === to || `${file} → ${target}` in EXCEPTIONS) return true;
  if (from === "edge" && target.startsWith("../dist/web/")) return true;
  if (from === "api" && /^\.\.\/(README\.md$|web\/(guide\/pages\/|presets\/|boathook\.proto$))/.test(target))
    return true;
  const allowed = MAY_IMPORT[from] ?? [];
  return allowed.includes(to) || (typeOnly && allowed.includes(`type:${to}`));
}

const isOwn = ({ target }: Import) => target.startsWith("..") || existsSync(join(SRC, target));
const format = ({ file, target }: Import) => `${file} → ${target}`;

describe("source code", () => {
  test("the imports of the source code are recognised", () => {
    expect(imports.filter(isOwn).length).toBeGreaterThan(200);
    const line =
      'import { type A, b } from "../core/id.ts";\nimport type { C } from "./c.ts";\nimport {\n  type D,\n} from "x";';
    expect(importsOf({ file: "store/x.ts", text: line })).toEqual([
      { file: "store/x.ts", target: "core/id.ts", isTypeOnly: false },
      { file: "store/x.ts", target: "store/c.ts", isTypeOnly: true },
      { file: "store/x.ts", target: "x", isTypeOnly: true },
    ]);
  });

  test("every part of the source code has a place in the import order", () => {
    const parts = new Set(sources.map(({ file }) => partOf(file)));
    expect([...parts].filter((part) => !(part in MAY_IMPORT))).toEqual([]);
  });

  test("the source code only imports downwards: main → cli → app → api → commands → accept, deliver, store → core", () => {
    expect(
      imports
        .filter(isOwn)
        .filter((one) => !mayImport(one))
        .map(format),
    ).toEqual([]);
  });

  test("route handlers and the command line change things only through commands", () => {
    const doors = sources.filter(({ file }) => /^(api|cli)\//.test(file));
    const wrong = doors.flatMap(({ file, text }) =>
      [...withoutComments(text).matchAll(CHANGES)].map(([what]) => `${file}: ${what}`),
    );
    expect(wrong).toEqual([]);
  });

  test("no source files import each other in a circle", () => {
    expect(circlesOf(imports)).toEqual([]);
    const circle = [
      { file: "a.ts", target: "b.ts" },
      { file: "b.ts", target: "c.ts" },
      { file: "c.ts", target: "b.ts" },
    ];
    expect(circlesOf(circle)).toEqual([["b.ts", "c.ts"]]);
  });

  test("only the server opens the store on PostgreSQL, and only commands about the database use its parts", () => {
    const users = imports.filter(
      ({ file, target, isTypeOnly }) =>
        !isTypeOnly && target.startsWith("store/postgres/") && !file.startsWith("store/postgres/"),
    );
    expect(users.map(format).sort()).toEqual([
      "cli/database-key.ts → store/postgres/encryption/key-rotation.ts",
      "cli/doctor/observe-database.ts → store/postgres/inspect.ts",
      "server-store.ts → store/postgres/index.ts",
      "server-store.ts → store/postgres/open-error.ts",
    ]);
  });

  test("every exception to the import rules is needed", () => {
    const all = new Set(imports.map(format));
    expect(Object.keys(EXCEPTIONS).filter((exception) => !all.has(exception))).toEqual([]);
  });

  test("inner parts use only the packages that they are allowed", () => {
    const wrong = imports
      .filter((one) => !isOwn(one))
      .filter(({ file, target }) => PACKAGES[partOf(file)]?.test(target) === false);
    expect(wrong.map(format)).toEqual([]);
  });

  test("only store/sqlite uses SQLite, and the bare loop of the bench", () => {
    const mayUse = (file: string) => file.startsWith("store/sqlite/") || file === "bench/bare-loop.ts";
    const wrong = imports.filter(({ file, target }) => target === "bun:sqlite" && !mayUse(file));
    expect(wrong.map(format)).toEqual([]);
    const clients = imports.filter(
      ({ file, target }) => target === "bun" && file.startsWith("store/") && !file.startsWith("store/postgres/"),
    );
    expect(clients.map(format)).toEqual([]);
    const above = imports.filter(
      ({ file, target }) =>
        target.startsWith("store/sqlite/") &&
        !/^(store\/sqlite\/|(checkpoint-worker|first-start|server-store)\.ts$|cli\/)/.test(file),
    );
    expect(above.map(format)).toEqual([]);
  });

  test("inner parts access clock, randomness, timers and network only through ports", () => {
    const inner = sources.filter(({ file }) =>
      /^(core|store|deliver|targets|accept|receive|door|cron|consume|operational|notice|filter|json-schema|commands)\//.test(
        file,
      ),
    );
    const wrong = inner.flatMap(({ file, text }) =>
      [...withoutComments(text).matchAll(WORLD)].map(([what]) => `${file}: ${what}`),
    );
    const reasons = Object.keys(WORLD_EXCEPTIONS);
    expect([...new Set(wrong)].filter((one) => !reasons.includes(one))).toEqual([]);
    expect(reasons.filter((one) => !wrong.includes(one))).toEqual([]);
  });

  test("no source file is too long", () => {
    const long = sources
      .map(({ file, text }) => ({ file, lines: text.split("\n").length - 1 }))
      .filter(({ file, lines }) => lines > (LONG_FILES[file] ?? LINES_MAX));
    expect(long).toEqual([]);
  });

  test("no source file contains a TODO marker", () => {
    const marked = sources.filter(({ text }) => /\b(TODO|FIXME|XXX|HACK)\b/.test(text)).map(({ file }) => file);
    expect(marked).toEqual([]);
  });
});

/** File with the types of the API's JSON. */
const API_TYPES = "api/types.ts";
const WEB_PACKAGES = /^(preact(\/hooks)?|@preact\/signals|uplot(\/dist\/uPlot.min.css)?)$/;

describe("source code of the pages", () => {
  const pages: readonly Source[] = filesIn(join(ROOT, "web"), /\.tsx?$/).map((file) => ({
    file: join("../web", file),
    text: readFileSync(join(ROOT, "web", file), "utf8"),
  }));
  const foreign = pages.flatMap(importsOf).filter(({ target }) => !target.startsWith("../web/"));

  test("the pages import nothing from the server except the types of the API", () => {
    const fromServer = foreign.filter(isOwn);
    expect(fromServer.length).toBeGreaterThan(10);
    expect(fromServer.filter(({ target, isTypeOnly }) => target !== API_TYPES || !isTypeOnly).map(format)).toEqual([]);
  });

  test("the shared parts import nothing of a page, and no page imports another one", () => {
    const own = pages.flatMap(importsOf).filter(({ target }) => target.startsWith("../web/"));
    const partOfPage = (path: string) => /^\.\.\/web\/(\w+)\//.exec(path)?.[1];
    const wrong = own.filter(({ file, target }) => {
      const [from, to] = [partOfPage(file), partOfPage(target)];
      return from !== to && from !== undefined && to !== "kit" && to !== "presets";
    });
    expect(own.length).toBeGreaterThan(200);
    expect(wrong.map(format)).toEqual([]);
  });

  test("no source files of the pages import each other in a circle", () => {
    expect(circlesOf(pages.flatMap(importsOf))).toEqual([]);
  });

  test("the pages use only the packages that they are allowed", () => {
    const packages = foreign.filter((one) => !isOwn(one));
    expect(packages.filter(({ target }) => !WEB_PACKAGES.test(target)).map(format)).toEqual([]);
  });

  test("the types of the API are derived from its schemas, with none written by hand", () => {
    expect(imports.filter(({ file, isTypeOnly }) => file === API_TYPES && !isTypeOnly).map(format)).toEqual([]);
    const byHand = pages.filter(({ text }) =>
      /\binterface (Endpoint|Attempt|Message|EventType|Destination|Overview)\b/.test(text),
    );
    expect(byHand.map(({ file }) => file)).toEqual([]);
  });
});

const LINES_MAX = 400;
/** Files with a higher maximum number of lines, each with the reason. */
const LONG_FILES: Readonly<Record<string, number>> = {
  // It is one table of all settings.
  "config/schema.ts": 600,
  // It is one table of requests.
  "receive/example-data.ts": 700,
  // They are tables of providers.
  "receive/providers/code.ts": 600,
  "receive/providers/work.ts": 600,
};

const WORLD =
  /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bset(?:Timeout|Interval|Immediate)\(|(?<![\w.#])fetch\(|\bperformance\.now\(|\bprocess\.(?:env|hrtime)|\bBun\.\w+/g;

/** Calls that change the store or announce a change. */
const CHANGES = new RegExp(
  [
    String.raw`\bsignals\.send\(`,
    String.raw`\.together\(`,
    String.raw`\bqueue\.(?:accept|resend|resendAll|redrive|drop|bury|settle|cancel|expunge)\b`,
    String.raw`\bidempotency\.put\(`,
    String.raw`(?<!#)\b(?:environments|applications|eventTypes|endpoints|sources|tokens|audit|attempts|pollers|tasks|meta|sourceLog)\.(?:create|ensure\w*|put|update|rename|delete|expunge|change|revoke|end\w*|begin|drop|rotate\w+|move|set\w*|count|add)\(`,
  ].join("|"),
  "g",
);

const WORLD_EXCEPTIONS: Readonly<Record<string, string>> = {
  "core/hmac.ts: Bun.CryptoHasher": "computes an HMAC; the result depends only on the arguments",
  "core/hash.ts: Bun.SHA256": "computes a hash; the result depends only on the arguments",
  "core/replica-record.ts: Bun.hash": "computes a checksum; the result depends only on the arguments",
  "store/sqlite/commit/commit.ts: performance.now(": "measures the duration of a commit; nothing depends on it",
};

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

const WEB = join(ROOT, "dist/web");

describe.if(existsSync(WEB))("built pages", () => {
  /**
   * URLs that may occur: XML namespaces, which are never fetched, addresses of this machine, and
   * the domain reserved for examples with its subdomains.
   */
  const HARMLESS =
    /^https?:\/\/(www\.w3\.org\/|json-schema\.org\/|([\w-]+\.)*example\.com(\/|$)|localhost\b|127\.0\.0\.1\b)/;

  test("the built pages load nothing from other hosts", () => {
    const loads =
      /(?:\b(?:src|href|action)\s*=\s*["']?|url\(\s*["']?|@import\s+["']|\bimport\s*\(?\s*["']|\bfrom\s*["'])\s*(?<address>(?:https?:)?\/\/[\w.-]+)/g;
    const found = filesIn(WEB, /\.(html|css|svg)$/).flatMap((file) =>
      [...readFileSync(join(WEB, file), "utf8").matchAll(loads)].map(({ groups }) => `${file}: ${groups!.address}`),
    );
    expect(found).toEqual([]);
  });

  test("our own files in the built pages contain no URL of another host", () => {
    const ours = filesIn(WEB, /\.(html|css|js|svg)$/).filter((file) => !file.startsWith("swagger-ui"));
    const found = ours.flatMap((file) => {
      const text = readFileSync(join(WEB, file), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
      return [...text.matchAll(/https?:\/\/[^\s"'`<>)\\]+/g)].map(([address]) => ({ file, address }));
    });
    expect(ours.length).toBeGreaterThan(3);
    expect(found.filter(({ address }) => !HARMLESS.test(address))).toEqual([]);
  });
});
