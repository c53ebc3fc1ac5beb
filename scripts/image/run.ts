import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import packageJson from "../../package.json";
import { buildExecutable } from "../build.ts";
import { sourcesOf } from "../release/sources.ts";
import { buildWeb } from "../web.ts";
import { boathookImage } from "./image.ts";

/**
 * Writes a container image to `dist/boathook-<version>-image-<arch>.tar`, for `docker load` and
 * `podman load`, without Docker.
 */

const ROOT = join(import.meta.dir, "..", "..");
const USAGE = "Usage: bun run image [--arch x64|arm64] [--out <file>]";

/** Throws `TypeError` if the options are wrong. */
async function writeImage(): Promise<void> {
  const { values } = parseArgs({ options: { arch: { type: "string" }, out: { type: "string" } } });
  const { arch = process.arch } = values;
  if (arch !== "x64" && arch !== "arm64") throw new TypeError(`There is no image for ${arch}.`);
  const { name, version } = packageJson;
  const out = values.out ?? join(ROOT, "dist", `${name}-${version}-image-${arch}.tar`);
  const sources = sourcesOf(ROOT);
  await mkdir(join(ROOT, "dist"), { recursive: true });
  await buildWeb();
  const image = await boathookImage(await buildExecutable(`linux-${arch}`), arch, sources);
  await Bun.write(out, image);
  console.log(`${out}  ${Math.round(image.length / 1e6)} MB`);
}

try {
  await writeImage();
} catch (error) {
  const isUsage = error instanceof TypeError;
  console.error(isUsage ? `${error.message}\n\n${USAGE}` : (error as Error).message);
  process.exit(isUsage ? 2 : 1);
}
