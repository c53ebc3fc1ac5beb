import type { Database, Statement } from "bun:sqlite";
import { createHmac } from "node:crypto";
import type { IdCodec, Seq } from "../../../src/core/id.ts";
import type { OutgoingRequest } from "../../../src/ports.ts";
import type { Endpoint, Store } from "../../../src/store/index.ts";
import type { VirtualClock } from "../clock.ts";
import type { Marks } from "../marks.ts";
import { elementsOf } from "../network.ts";
import type { InFlight } from "../watch/in-flight.ts";
import type { Violation } from "./violation.ts";

interface Key {
  readonly bytes: Buffer;
  /** True time from which the program may know the key. */
  readonly offeredAt: number;
  /**
   * True time from which the program must use the key; infinity while it is uncertain whether the
   * key is stored.
   */
  storedAt: number;
  /** The rotation that replaced the key; null until a replacement is certain. */
  replaced: { readonly at: number; readonly expiresAt: number } | null;
}

interface Rotation {
  /** `isStored`: whether the new key has replaced the current one. */
  ends(isStored: boolean): void;
}

/**
 * Checks that every request is signed with exactly the keys that are valid when its attempt begins:
 * the current key, and each older key until it expires.
 */
export class SignatureChecks {
  /** The keys of each endpoint by its URL, the newest last. */
  readonly #keys = new Map<string, Key[]>();
  readonly #endpoint: Statement<{ seq: Seq }, [string]>;

  constructor(
    db: Database,
    private readonly clock: VirtualClock,
    private readonly inFlight: InFlight,
    private readonly marks: Marks,
    private readonly violation: Violation,
  ) {
    this.#endpoint = db.prepare("SELECT seq FROM endpoint WHERE url = ?");
  }

  /** Must be called before the endpoint is created. */
  endpointCreated(url: string, secret: string): void {
    this.#keys.set(url, [{ bytes: bytesOf(secret), offeredAt: 0, storedAt: 0, replaced: null }]);
  }

  /**
   * Records a rotation. `oldExpiresAt` is a time of the wall clock. Returns null while another
   * rotation is under way, because the order of the two would be unknown.
   */
  rotationBegins({ url }: Pick<Endpoint, "url">, secret: string, oldExpiresAt: number): Rotation | null {
    const keys = this.#keys.get(url)!;
    if (keys.some(({ storedAt }) => storedAt === Number.POSITIVE_INFINITY)) return null;
    const key: Key = {
      bytes: bytesOf(secret),
      offeredAt: this.clock.now,
      storedAt: Number.POSITIVE_INFINITY,
      replaced: null,
    };
    keys.push(key);
    return {
      ends: (isStored) => {
        if (!isStored) {
          keys.splice(keys.indexOf(key), 1);
          return;
        }
        const now = this.clock.now;
        key.storedAt = now;
        for (const other of keys) {
          if (other !== key && other.storedAt <= now) other.replaced ??= { at: now, expiresAt: oldExpiresAt };
        }
      },
    };
  }

  /** Finds out after a crash which of the rotations under way were stored. */
  async programCrashed(store: Store): Promise<void> {
    for (const [url, keys] of this.#keys) {
      if (keys.every(({ storedAt }) => storedAt < Number.POSITIVE_INFINITY)) continue;
      const stored = await store.configuration.endpoints.secrets(this.#endpoint.get(url)!.seq, 0);
      const expiryOf = new Map(stored.map(({ secret, expiresAt }) => [bytesOf(secret).toString("hex"), expiresAt]));
      const at = this.clock.now;
      const isStored = (key: Key) => expiryOf.has(key.bytes.toString("hex"));
      const known = keys.filter((key) => key.storedAt < Number.POSITIVE_INFINITY || isStored(key));
      const isRotated = known.some(({ storedAt }) => storedAt === Number.POSITIVE_INFINITY);
      for (const key of known) {
        key.storedAt = Math.min(key.storedAt, at);
        const expiresAt = expiryOf.get(key.bytes.toString("hex"));
        if (expiresAt != null) key.replaced ??= { at, expiresAt };
        // A rotation deletes expired keys, perhaps even the key that it replaces.
        else if (isRotated && !isStored(key)) key.replaced ??= { at, expiresAt: Number.NEGATIVE_INFINITY };
      }
      keys.splice(0, keys.length, ...known);
    }
  }

  sent({ url, headers, body }: OutgoingRequest, ids: IdCodec): void {
    const header = (name: string) => headers.find(([key]) => key === name)?.[1] ?? "";
    const id = header("webhook-id");
    // The messages of a batch are checked elsewhere; here the first of them stands for all.
    const messageId = id.startsWith("batch_") ? elementsOf(body)[0]!.messageId : id;
    const messageSeq = ids.decode("msg_", messageId);
    if (messageSeq === null) {
      this.violation(`a request carries the unknown webhook-id ${id}`);
      return;
    }
    const endpointSeq = this.#endpoint.get(url.href)!.seq;
    const begun = this.inFlight.attemptsOf({ endpointSeq, messageSeq })[0];
    if (begun === undefined) {
      this.violation(`message ${messageSeq} is sent to ${url.href} without an attempt`);
      return;
    }
    const content = Buffer.concat([Buffer.from(`${id}.${header("webhook-timestamp")}.`), body]);
    const signatures = new Set(header("webhook-signature").split(" "));
    for (const key of this.#keys.get(url.href)!) {
      if (this.#mustNotSign(key, begun)) {
        this.marks.hit("signature: old key expired");
        continue;
      }
      const isUsed = signatures.delete(signatureOf(key, content));
      if (!isUsed && this.#mustSign(key, begun)) this.violation(`a request to ${url.href} is not signed with its key`);
    }
    if (signatures.size === 0) return;
    const hasExpired = this.#keys.get(url.href)!.some((key) => signatures.has(signatureOf(key, content)));
    this.violation(`a request to ${url.href} is signed with an ${hasExpired ? "expired" : "unknown"} key`);
  }

  #mustNotSign({ replaced }: Key, { startedAt, startedWall }: { startedAt: number; startedWall: number }): boolean {
    return replaced !== null && replaced.at < startedAt && replaced.expiresAt <= startedWall;
  }

  /**
   * Returns whether a key must be used. An old key that once expired by the wall clock may be
   * dropped for good, even if the clock was set back later.
   */
  #mustSign({ storedAt, replaced }: Key, { startedAt }: { startedAt: number }): boolean {
    if (storedAt >= startedAt) return false;
    return replaced === null || this.clock.latestBetween(storedAt) < replaced.expiresAt;
  }
}

function signatureOf({ bytes }: Key, content: Uint8Array): string {
  return `v1,${createHmac("sha256", bytes).update(content).digest("base64")}`;
}

function bytesOf(secret: string): Buffer {
  return Buffer.from(secret.slice("whsec_".length), "base64");
}
