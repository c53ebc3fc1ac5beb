import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { BunPlugin } from "bun";

/**
 * Builds `web/` into `dist/web/`, which `src/edge/assets.ts` embeds. File names are fixed. The HTML
 * refers to them with a `?v=…` that changes with the content of the file, so that browsers can
 * cache the files forever.
 */

const ROOT = join(import.meta.dir, "..");
const WEB = join(ROOT, "web");
const OUT = join(ROOT, "dist", "web");

const ICON_FILE = "favicon.svg";

/** Runs before `app.js`, which imports it. */
const EARLY_FILE = "early.js";
const ADMIN_FILES = [EARLY_FILE, "app.js", "app.css"] as const;
/** `app.js` loads this file when a page has a chart. */
const PLOT_FILE = "plot.js";
const PORTAL_FILES = ["portal.js", "portal.css"] as const;
const SWAGGER_FILES = ["swagger-ui.css", "swagger-ui-bundle.js"] as const;
const DOCS_FILES = [...SWAGGER_FILES, "init.js", "init.css"] as const;

/** The server builds the pages that refer to these files. */
const GUIDE_FILES = ["guide.js", "guide.css"] as const;

const PAGES = ["index.html", "portal.html", "docs.html"] as const;
const EMBEDDED = [...PAGES, ICON_FILE, ...ADMIN_FILES, PLOT_FILE, ...PORTAL_FILES, ...DOCS_FILES, ...GUIDE_FILES];

export async function buildWeb(): Promise<void> {
  await mkdir(OUT, { recursive: true });
  await bundle("kit/plot.ts", "plot");
  await bundle("admin/early.ts", "early");
  await bundle("admin/main.tsx", "app", {
    define: { PLOT_FILE: JSON.stringify(`./${PLOT_FILE}?v=${await version(PLOT_FILE)}`) },
    plugins: [separate(/\/early\.ts$/, `./${EARLY_FILE}?v=${await version(EARLY_FILE)}`)],
  });
  await bundle("portal/main.tsx", "portal");
  await bundle("docs.ts", "init");
  await bundle("guide/guide.ts", "guide");
  for (const name of SWAGGER_FILES) await copy(join(ROOT, "node_modules", "swagger-ui-dist", name), name);
  await copy(join(WEB, ICON_FILE), ICON_FILE);
  await writePage("index.html", "", [...ADMIN_FILES, `../${ICON_FILE}`]);
  await writePage("portal.html", "", PORTAL_FILES);
  await writePage("docs.html", "docs/", DOCS_FILES);
  for (const name of EMBEDDED) await compress(name);
}

interface BundleOptions {
  /** The values of constants that exist only in the bundle, as source text. */
  readonly define?: Readonly<Record<string, string>>;
  readonly plugins?: BunPlugin[];
}

/** Bundles an entry point and the styles that it imports into `<name>.js` and `<name>.css`. */
async function bundle(entry: string, name: string, { define, plugins = [] }: BundleOptions = {}): Promise<void> {
  await Bun.build({
    entrypoints: [join(WEB, entry)],
    outdir: OUT,
    naming: `${name}.[ext]`,
    target: "browser",
    minify: true,
    define: { "process.env.NODE_ENV": '"production"', ...define },
    plugins,
  });
}

/** Leaves a module out of a bundle, which imports it from the URL instead. */
function separate(module: RegExp, url: string): BunPlugin {
  return {
    name: "separate",
    setup(build) {
      build.onResolve({ filter: module }, ({ kind }) =>
        kind === "entry-point-build" ? undefined : { path: url, external: true },
      );
    },
  };
}

async function copy(from: string, name: string): Promise<void> {
  await Bun.write(join(OUT, name), Bun.file(from));
}

/**
 * Writes an HTML page in which the reference to each file contains the version of the file's
 * content.
 */
async function writePage(page: string, folder: string, names: readonly string[]): Promise<void> {
  let html = await Bun.file(join(WEB, page)).text();
  for (const name of names) {
    const reference = `"${folder}${name}"`;
    if (!html.includes(reference)) throw new Error(`web/${page} does not refer to ${reference}.`);
    html = html.replace(reference, `"${folder}${name}?v=${await version(basename(name))}"`);
  }
  await Bun.write(join(OUT, page), html);
}

/** Writes the compressed file that the executable contains. */
async function compress(name: string): Promise<void> {
  const bytes = await Bun.file(join(OUT, name)).bytes();
  await Bun.write(join(OUT, `${name}.gz`), gzipSync(bytes, { level: 9 }));
}

async function version(name: string): Promise<string> {
  const bytes = await Bun.file(join(OUT, name)).arrayBuffer();
  return Bun.hash(bytes).toString(36);
}

if (import.meta.main) await buildWeb();
