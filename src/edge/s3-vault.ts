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

/** A replica in a bucket. Each record is an object. */
class S3Vault implements Vault {
  readonly recordBytesMax = 8 * 1024 * 1024;
  readonly pauseMs = 250;

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

  async list(prefix: string): Promise<readonly string[]> {
    const names: string[] = [];
    let continuationToken: string | undefined;
    do {
      const page = await inTime(
        this.client.list({
          prefix: this.prefix + prefix,
          maxKeys: PAGE_NAMES,
          ...(continuationToken !== undefined && { continuationToken }),
        }),
        "list",
      );
      for (const { key } of page.contents ?? []) names.push(key.slice(this.prefix.length));
      continuationToken = page.isTruncated ? page.nextContinuationToken : undefined;
    } while (continuationToken !== undefined);
    return names.sort();
  }

  async remove(names: readonly string[]): Promise<void> {
    for (let from = 0; from < names.length; from += REMOVED_AT_ONCE) {
      const some = names.slice(from, from + REMOVED_AT_ONCE);
      await Promise.all(some.map((name) => inTime(this.client.delete(this.prefix + name), "DELETE")));
    }
  }

  async check(): Promise<void> {}

  async close(): Promise<void> {}
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
