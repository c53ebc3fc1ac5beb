import { expect, test } from "bun:test";
import { dirname, join } from "node:path";

const SOURCES = join(import.meta.dir, "..", "src");
const transpiler = new Bun.Transpiler({ loader: "ts" });

/** Modules that take memory and that most servers never use. They are imported on first use. */
const LOADED_ON_USE: readonly RegExp[] = [
  /^src\/store\/postgres\/(index|inspect)\.ts$/,
  /^src\/store\/postgres\/(commit|configuration|encryption|history|queue|schema|survey)\//,
  /^src\/edge\/(amqp|grpc|kafka|nats)\//,
  /^@elysiajs\/openapi$/,
  /^@grpc\//,
  /^@jitl\//,
  /^@nats-io\//,
  /^nodemailer/,
  // The entry point, which loads node:http. The classes are loaded one by one.
  /^prom-client$/,
];

/** Returns the files and packages that are loaded together with a file. */
async function loadedWith(entry: string): Promise<ReadonlySet<string>> {
  const loaded = new Set<string>();
  const waiting = [entry];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    for (const { path, kind } of transpiler.scanImports(await Bun.file(file).text())) {
      if (kind !== "import-statement") continue;
      const imported = path.startsWith(".") ? join(dirname(file), path) : null;
      const name = imported === null ? path : `src/${imported.slice(SOURCES.length + 1)}`;
      if (loaded.has(name)) continue;
      loaded.add(name);
      if (imported?.endsWith(".ts")) waiting.push(imported);
    }
  }
  return loaded;
}

test("the start of a server loads no store, protocol or library that it may never use", async () => {
  const loaded = [...(await loadedWith(join(SOURCES, "cli", "program.ts")))];
  expect(loaded).toContain("src/store/sqlite/index.ts");
  expect(loaded).toContain("prom-client/lib/registry.js");
  expect(loaded.filter((name) => LOADED_ON_USE.some((pattern) => pattern.test(name)))).toEqual([]);
});
