import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { OWNER } from "../core/replica-name.ts";
import type { Vault } from "../core/replica-vault.ts";
import { StartError } from "../core/start-error.ts";

/** Time limit of one request, in ms. */
const REQUEST_MS = 15_000;
/** Maximum number of names in one page of a list. */
const PAGE_NAMES = 1000;
const REMOVED_AT_ONCE = 16;

/** Opens the replica at `s3://bucket/prefix`. */
export function openBucket(location: string): Vault {
  const [, bucket = "", path = ""] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(location) ?? [];
  const prefix = path.replace(/^\/+|\/+$/g, "");
  // Credentials, region and endpoint come from the variables S3_* or AWS_*.
  return new S3Vault(location, new Bun.S3Client({ bucket }), prefix === "" ? "" : `${prefix}/`);
}

/** Content of the object `OWNER`: the server that writes to a bucket. */
interface Owner {
  /** A random number of its process. */
  readonly id: string;
  readonly host: string;
  /** Time in ms at which it began to write. */
  readonly since: number;
}

/**
 * A replica in a bucket. Each record is an object. A bucket cannot be locked, so the server that began
 * last owns it: with its first write, it puts the object `OWNER`. A server that finds another owner
 * there writes nothing more.
 */
export class S3Vault implements Vault {
  readonly recordBytesMax = 8 * 1024 * 1024;
  readonly pauseMs = 250;
  readonly #id = randomBytes(16).toString("hex");
  #hasClaimed = false;
  /** Why this server must not write any more. */
  #lost: Error | null = null;

  constructor(
    readonly location: string,
    private readonly client: Bun.S3Client,
    /** Empty, or a text that ends with a slash. */
    private readonly prefix: string,
  ) {}

  /** Checks the credentials. A bucket cannot be locked. */
  async lock(): Promise<void> {
    try {
      await this.list("boathook");
    } catch (error) {
      // A bucket that cannot be reached now may be reached later.
      const code = codeOf(error);
      if (!/^(NoSuchBucket|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|ERR_S3_\w+)$/.test(code)) return;
      throw new StartError(
        `The replica ${this.location} cannot be used (${code}). Check the bucket and the variables S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, S3_REGION and S3_ENDPOINT.`,
      );
    }
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    if (this.#lost !== null) throw this.#lost;
    if (!this.#hasClaimed) await this.#claim();
    await this.#write(name, bytes);
  }

  /** Becomes the owner. Only a server whose data the replica has may write, so it may also claim. */
  async #claim(): Promise<void> {
    const owner: Owner = { id: this.#id, host: hostname(), since: Date.now() };
    await this.#write(OWNER, new TextEncoder().encode(`${JSON.stringify(owner)}\n`));
    this.#hasClaimed = true;
  }

  async #write(name: string, bytes: Uint8Array): Promise<void> {
    await inTime(this.client.write(this.prefix + name, bytes, { retry: 0, partSize: 16 * 1024 * 1024 }), "PUT");
  }

  append(name: string, record: Uint8Array): Promise<void> {
    return this.put(name, record);
  }

  async sync(): Promise<void> {}

  async endSegment(): Promise<void> {}

  async get(name: string): Promise<Uint8Array | null> {
    try {
      return await inTime(this.client.file(this.prefix + name).bytes(), "GET");
    } catch (error) {
      if (/^(NoSuchKey|NotFound)$/.test(codeOf(error))) return null;
      throw error;
    }
  }

  /** Rejects if the response is not a part of the list, because a short list would look like lost records. */
  async list(prefix: string): Promise<readonly string[]> {
    const names: string[] = [];
    const tokens = new Set<string>();
    for (;;) {
      const continuationToken = [...tokens].at(-1);
      const page = await inTime(
        this.client.list({
          prefix: this.prefix + prefix,
          maxKeys: PAGE_NAMES,
          ...(continuationToken !== undefined && { continuationToken }),
        }),
        "list",
      );
      for (const { key } of page.contents ?? []) {
        if (!key.startsWith(this.prefix + prefix)) throw new Error("The bucket listed a name that was not asked for.");
        names.push(key.slice(this.prefix.length));
      }
      if (page.isTruncated !== true) return names.sort();
      const next = page.nextContinuationToken;
      if (next === undefined || tokens.has(next)) throw new Error("The bucket listed only a part of the names.");
      tokens.add(next);
    }
  }

  async remove(names: readonly string[]): Promise<void> {
    for (let from = 0; from < names.length; from += REMOVED_AT_ONCE) {
      const some = names.slice(from, from + REMOVED_AT_ONCE);
      await Promise.all(some.map((name) => inTime(this.client.delete(this.prefix + name), "DELETE")));
    }
  }

  async check(): Promise<void> {
    if (!this.#hasClaimed) return;
    const owner = ownerIn(await this.get(OWNER));
    if (owner !== null && owner.id !== this.#id) {
      this.#lost ??= new Error(
        `Another server (on ${owner.host}, since ${new Date(owner.since).toISOString()}) writes to the replica ${this.location}. Stop one of the two servers, and restart this one if it is to go on.`,
      );
    }
    if (this.#lost !== null) throw this.#lost;
  }

  async close(): Promise<void> {}
}

/** Returns what the object says, or null if it is missing or damaged. */
function ownerIn(bytes: Uint8Array | null): Owner | null {
  try {
    const { id, host, since } = JSON.parse(new TextDecoder().decode(bytes ?? new Uint8Array())) as Partial<Owner>;
    return typeof id === "string" && typeof host === "string" && Number.isSafeInteger(since)
      ? { id, host, since: since! }
      : null;
  } catch {
    return null;
  }
}

/** Rejects if a request takes too long. The client has no time limit, and the request may go on. */
async function inTime<T>(request: Promise<T>, what: string): Promise<T> {
  const expired = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => expired.reject(new Error(`The bucket did not respond to a ${what} request within ${REQUEST_MS / 1000} s.`)),
    REQUEST_MS,
  );
  try {
    return await Promise.race([request, expired.promise]);
  } finally {
    clearTimeout(timer);
    // A request that fails later is not an unhandled error.
    request.catch(() => {});
  }
}

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}
