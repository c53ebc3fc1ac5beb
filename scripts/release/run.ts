import { join } from "node:path";
import { parseArgs } from "node:util";
import packageJson from "../../package.json";
import { buildExecutable, TARGETS } from "../build.ts";
import { buildWeb } from "../web.ts";
import { ReleaseError, writeRelease } from "./release.ts";
import { sourcesOf } from "./sources.ts";

/** Writes a release to `dist/release`. Runtimes that Bun has not stored yet are downloaded. */

const ROOT = join(import.meta.dir, "..", "..");
const DIRECTORY = join(ROOT, "dist", "release");

const USAGE = `Usage: bun run release [--target <target>]… [--allow-dirty]

  --target       build only this target; may be repeated: ${TARGETS.join(", ")}
  --allow-dirty  release uncommitted changes, to try this script`;

/** Throws `TypeError` if the options are wrong. */
function options(): { readonly targets: readonly string[]; readonly allowDirty: boolean } {
  const { values } = parseArgs({
    options: { target: { type: "string", multiple: true }, "allow-dirty": { type: "boolean" } },
  });
  const { target: targets = TARGETS, "allow-dirty": allowDirty = false } = values;
  for (const target of targets) {
    if (!(TARGETS as readonly string[]).includes(target)) throw new TypeError(`Unknown target ${target}.`);
  }
  return { targets, allowDirty };
}

async function release(): Promise<void> {
  const { targets, allowDirty } = options();
  const sources = sourcesOf(ROOT);
  if (sources.isDirty && !allowDirty) {
    throw new ReleaseError(
      "The work tree has uncommitted changes. Commit them, so that the commit names what is released.",
    );
  }
  await buildWeb();
  await writeRelease({ targets, directory: DIRECTORY, sources, build: buildExecutable });
  console.log(`Released ${packageJson.name} ${packageJson.version} to ${DIRECTORY}.`);
}

try {
  await release();
} catch (error) {
  const isUsage = error instanceof TypeError;
  console.error(isUsage ? `${error.message}\n\n${USAGE}` : error instanceof ReleaseError ? error.message : error);
  process.exit(isUsage ? 2 : 1);
}
