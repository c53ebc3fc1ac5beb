import { createHash } from "node:crypto";

/** Lists what an executable contains, in the form of CycloneDX 1.6. */

/** A package in `bun.lock`: `[name@version, registry, what it needs, integrity]`. */
type Locked = readonly [id: string, registry: string, needs: Needs, integrity: string];

/** Ranges of versions by package name. */
type Names = Readonly<Record<string, string>>;

interface Needs {
  readonly dependencies?: Names;
  readonly optionalDependencies?: Names;
  readonly peerDependencies?: Names;
  readonly optionalPeers?: readonly string[];
}

interface Lockfile {
  readonly workspaces: { readonly "": Pick<Needs, "dependencies"> & { readonly devDependencies?: Names } };
  readonly packages: Readonly<Record<string, Locked>>;
}

interface Product {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly commit: string;
  /** Time of the commit, in s. */
  readonly timeSeconds: number;
  readonly bunVersion: string;
}

/** Returns the document. `licenseOf` returns the SPDX expression of an installed package, or null. */
export function sbom(product: Product, lockText: string, licenseOf: (key: string) => string | null): object {
  const lock = Bun.JSONC.parse(lockText) as Lockfile;
  const keys = shippedKeys(lock);
  const own = `pkg:generic/${product.name}@${product.version}`;
  const bun = `pkg:generic/bun@${product.bunVersion}`;
  const refOf = (key: string) => purl(lock.packages[key]![0]);
  const content = {
    metadata: {
      timestamp: new Date(product.timeSeconds * 1000).toISOString(),
      component: {
        ...{ type: "application", "bom-ref": own, name: product.name, version: product.version },
        description: product.description,
        licenses: [{ expression: product.license }],
        purl: own,
        properties: [{ name: "boathook:commit", value: product.commit }],
      },
    },
    components: [
      {
        ...{ type: "platform", "bom-ref": bun, name: "bun", version: product.bunVersion, purl: bun },
        description: "JavaScript runtime, with SQLite and BoringSSL",
        licenses: [{ expression: "MIT" }],
      },
      ...keys.map((key) => component(lock.packages[key]!, licenseOf(key))),
    ],
    dependencies: [
      { ref: own, dependsOn: [bun, ...directKeys(lock).map(refOf)].sort() },
      { ref: bun, dependsOn: [] },
      ...keys.map((key) => ({ ref: refOf(key), dependsOn: neededKeys(lock, key).map(refOf).sort() })),
    ],
  };
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(content))}`;
  return { bomFormat: "CycloneDX", specVersion: "1.6", serialNumber, version: 1, ...content };
}

function component([id, , , integrity]: Locked, license: string | null): object {
  const [name, version] = nameAndVersion(id);
  const scope = name.startsWith("@") ? { group: name.slice(0, name.indexOf("/")) } : {};
  return {
    ...{ type: "library", "bom-ref": purl(id), ...scope, name: name.slice(name.indexOf("/") + 1), version },
    hashes: [{ alg: "SHA-512", content: Buffer.from(integrity.replace(/^sha512-/, ""), "base64").toString("hex") }],
    ...(license !== null && { licenses: [{ expression: license }] }),
    purl: purl(id),
  };
}

function nameAndVersion(id: string): [name: string, version: string] {
  const at = id.lastIndexOf("@");
  return [id.slice(0, at), id.slice(at + 1)];
}

function purl(id: string): string {
  const [name, version] = nameAndVersion(id);
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

function directKeys(lock: Lockfile): string[] {
  return Object.keys(lock.workspaces[""].dependencies ?? {});
}

/** Returns the keys of all packages that the program needs, but not those of its development. */
function shippedKeys(lock: Lockfile): string[] {
  const known = new Set<string>();
  const waiting = directKeys(lock);
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    if (known.has(key)) continue;
    known.add(key);
    waiting.push(...neededKeys(lock, key));
  }
  return uniqueById(lock, [...known].sort());
}

/** The same version may be installed in several places. */
function uniqueById({ packages }: Lockfile, keys: readonly string[]): string[] {
  return [...new Map(keys.map((key) => [packages[key]![0], key])).values()];
}

/**
 * Returns the keys of the packages that a package needs. A peer that is a tool of the development,
 * such as the compiler, is not in the executable.
 */
function neededKeys(lock: Lockfile, key: string): string[] {
  const { dependencies, optionalDependencies, peerDependencies, optionalPeers = [] } = lock.packages[key]![2];
  const tools = lock.workspaces[""].devDependencies ?? {};
  const peers = Object.keys(peerDependencies ?? {}).filter((name) => !optionalPeers.includes(name) && !(name in tools));
  const names = [...Object.keys(dependencies ?? {}), ...Object.keys(optionalDependencies ?? {}), ...peers];
  const found = names.map((name) => resolved(lock, key, name)).filter((one) => one !== null);
  return uniqueById(lock, found);
}

/** Returns the key of a package that another one imports: the nearest one above it, as in `node_modules`. */
function resolved({ packages }: Lockfile, from: string, name: string): string | null {
  // The parts of a key are package names, some of which contain a slash themselves.
  const parts = from.match(/(?:@[^/]+\/)?[^/]+/g) ?? [];
  for (let depth = parts.length; depth >= 0; depth--) {
    const key = [...parts.slice(0, depth), name].join("/");
    if (packages[key] !== undefined) return key;
  }
  return null;
}

/** Returns a UUID (version 8) that depends only on the content. */
function uuidOf(content: string): string {
  const bytes = createHash("sha256").update(content).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
