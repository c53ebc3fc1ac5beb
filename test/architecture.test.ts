import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const ROOT = join(import.meta.dir, "..");
const SRC = join(ROOT, "src");

interface Import {
  /** Paths from `src`, such as `deliver/engine.ts`. */
  readonly file: string;
  /** A path from `src` (or `../…` for what lies outside), or the name of a package. */
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
const BARE = /\bimport\s*\(?\s*"(?<target>[^"]+)"/g;

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

/** ` type { A }`, or braces in which every name is a `type`. */
function isTypeOnly(clause: string): boolean {
  const text = clause.trim();
  if (text.startsWith("type ")) return true;
  const names = /^\{(?<names>[^}]*)\}$/.exec(text)?.groups?.names;
  return names?.split(",").every((name) => name.trim() === "" || name.trim().startsWith("type ")) ?? false;
}

const imports = sources.flatMap(importsOf);

/** The part of the program that a path from `src` belongs to: its directory, or the file itself at the top. */
function partOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : path;
}

/**
 * What each part may import beside itself. A part that is not named here is new: it has to be given its place.
 * `type:` allows types only.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "main.ts": ["cli"],
  cli: ["app.ts", "config", "core", "edge", "store", "telemetry", "ports.ts", "../package.json"],
  "app.ts": [
    ...["api", "config", "core", "kernel.ts", "edge", "ports.ts", "store", "telemetry"],
    ...["first-start.ts", "http-server.ts"],
  ],
  "first-start.ts": ["api", "core", "store", "type:ports.ts"],
  "http-server.ts": ["api", "core", "edge"],
  "kernel.ts": ["type:commands", "operational", "accept", "deliver", "store", "core"],
  api: [
    "commands",
    "accept",
    "receive",
    "type:operational",
    "json-schema",
    "deliver",
    "store",
    "core",
    "type:config",
    "type:ports.ts",
  ],
  commands: ["accept", "type:operational", "deliver", "store", "core", "type:ports.ts"],
  operational: ["accept", "store", "core", "type:ports.ts"],
  accept: ["json-schema", "deliver", "store", "core", "type:ports.ts"],
  receive: ["accept", "deliver", "store", "core", "type:ports.ts"],
  deliver: ["store", "core", "type:ports.ts"],
  store: ["core", "type:ports.ts"],
  "json-schema": ["core"],
  telemetry: ["core", "type:store"],
  edge: ["core", "type:ports.ts"],
  config: ["core"],
  core: ["type:ports.ts"],
  "ports.ts": [],
};

/** Single imports against the rules, each with its reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "api/http/static.ts → edge/assets.ts": "the built page and its docs are embedded in the executable by the edge",
};

const PACKAGES: Readonly<Record<string, RegExp>> = {
  core: /^(node:crypto|node:buffer|ipaddr\.js)$/,
  accept: /^node:crypto$/,
  // Ajv checks messages against the schemas of their event types.
  "json-schema": /^ajv(-formats)?(\/.+)?$/,
  deliver: /^node:crypto$/,
  store: /^(node:crypto|node:fs|node:path|bun:sqlite)$/,
};

function mayImport({ file, target, isTypeOnly: typeOnly }: Import): boolean {
  const [from, to] = [partOf(file), target.startsWith("..") ? target : partOf(target)];
  if (from === to || `${file} → ${target}` in EXCEPTIONS) return true;
  if (from === "edge" && target.startsWith("../dist/web/")) return true;
  const allowed = MAY_IMPORT[from] ?? [];
  return allowed.includes(to) || (typeOnly && allowed.includes(`type:${to}`));
}

const isOwn = ({ target }: Import) => target.startsWith("..") || existsSync(join(SRC, target));
const say = ({ file, target }: Import) => `${file} → ${target}`;

describe("the source", () => {
  test("is read as it is written", () => {
    expect(imports.filter(isOwn).length).toBeGreaterThan(200);
    const line =
      'import { type A, b } from "../core/id.ts";\nimport type { C } from "./c.ts";\nimport {\n  type D,\n} from "x";';
    expect(importsOf({ file: "store/x.ts", text: line })).toEqual([
      { file: "store/x.ts", target: "core/id.ts", isTypeOnly: false },
      { file: "store/x.ts", target: "store/c.ts", isTypeOnly: true },
      { file: "store/x.ts", target: "x", isTypeOnly: true },
    ]);
  });

  test("has only parts that have a place in the order", () => {
    const parts = new Set(sources.map(({ file }) => partOf(file)));
    expect([...parts].filter((part) => !(part in MAY_IMPORT))).toEqual([]);
  });

  test("imports downwards only: main → cli → app → api, kernel, telemetry, edge → commands → accept, deliver, store → core", () => {
    expect(
      imports
        .filter(isOwn)
        .filter((one) => !mayImport(one))
        .map(say),
    ).toEqual([]);
  });

  test("makes no exception that is not needed", () => {
    const all = new Set(imports.map(say));
    expect(Object.keys(EXCEPTIONS).filter((exception) => !all.has(exception))).toEqual([]);
  });

  test("uses in its inner parts no packages but those they may", () => {
    const wrong = imports
      .filter((one) => !isOwn(one))
      .filter(({ file, target }) => PACKAGES[partOf(file)]?.test(target) === false);
    expect(wrong.map(say)).toEqual([]);
  });

  test("knows SQLite in one place only", () => {
    const wrong = imports.filter(({ file, target }) => target === "bun:sqlite" && !file.startsWith("store/sqlite/"));
    expect(wrong.map(say)).toEqual([]);
    const above = imports.filter(
      ({ file, target }) => target.startsWith("store/sqlite/") && !/^(store\/sqlite\/|app\.ts$|cli\/)/.test(file),
    );
    expect(above.map(say)).toEqual([]);
  });

  test("asks the world through ports: no clock, chance, timer or request of its own in the inner parts", () => {
    const inner = sources.filter(({ file }) =>
      /^(core|store|deliver|accept|receive|operational|json-schema|commands)\//.test(file),
    );
    const wrong = inner.flatMap(({ file, text }) =>
      [...withoutComments(text).matchAll(WORLD)].map(([what]) => `${file}: ${what}`),
    );
    const reasons = Object.keys(WORLD_EXCEPTIONS);
    expect([...new Set(wrong)].filter((one) => !reasons.includes(one))).toEqual([]);
    expect(reasons.filter((one) => !wrong.includes(one))).toEqual([]);
  });

  test("has no file that is too long to be read", () => {
    const long = sources
      .map(({ file, text }) => ({ file, lines: text.split("\n").length - 1 }))
      .filter(({ file, lines }) => lines > (LONG_FILES[file] ?? LINES_MAX));
    expect(long).toEqual([]);
  });

  test("has nothing left to do", () => {
    const marked = sources.filter(({ text }) => /\b(TODO|FIXME|XXX|HACK)\b/.test(text)).map(({ file }) => file);
    expect(marked).toEqual([]);
  });
});

const LINES_MAX = 400;
/** Files that may be longer, up to so many lines. */
const LONG_FILES: Readonly<Record<string, number>> = {
  // The engine is one idea; what could be told apart (lanes, slots, attempts) has been.
  "deliver/engine.ts": 650,
  // One table of all settings.
  "config/schema.ts": 450,
};

const WORLD =
  /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bset(?:Timeout|Interval|Immediate)\(|(?<![\w.#])fetch\(|\bperformance\.now\(|\bprocess\.(?:env|hrtime)|\bBun\.\w+/g;

const WORLD_EXCEPTIONS: Readonly<Record<string, string>> = {
  "store/sqlite/commit.ts: performance.now(": "measures how long the disk took; nothing is decided by it",
};

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

const WEB = join(ROOT, "dist/web");

describe.if(existsSync(WEB))("the built page", () => {
  /** Names of XML namespaces, which nobody opens, addresses of this machine, and the one that is reserved for examples. */
  const HARMLESS = /^https?:\/\/(www\.w3\.org\/|json-schema\.org\/|example\.com\/|localhost\b|127\.0\.0\.1\b)/;

  test("loads nothing from elsewhere", () => {
    const loads =
      /(?:\b(?:src|href|action)\s*=\s*["']?|url\(\s*["']?|@import\s+["']|\bimport\s*\(?\s*["']|\bfrom\s*["'])\s*(?<address>(?:https?:)?\/\/[\w.-]+)/g;
    const found = filesIn(WEB, /\.(html|css|svg)$/).flatMap((file) =>
      [...readFileSync(join(WEB, file), "utf8").matchAll(loads)].map(({ groups }) => `${file}: ${groups!.address}`),
    );
    expect(found).toEqual([]);
  });

  test("names no outside address in what we wrote ourselves", () => {
    const ours = filesIn(WEB, /\.(html|css|js|svg)$/).filter((file) => !file.startsWith("swagger-ui"));
    const found = ours.flatMap((file) => {
      const text = readFileSync(join(WEB, file), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
      return [...text.matchAll(/https?:\/\/[^\s"'`<>)\\]+/g)].map(([address]) => ({ file, address }));
    });
    expect(ours.length).toBeGreaterThan(3);
    expect(found.filter(({ address }) => !HARMLESS.test(address))).toEqual([]);
  });
});
