import { createHmac } from "node:crypto";
import type { IdCodec, Seq } from "../../../src/core/id.ts";
import type { OutgoingRequest } from "../../../src/ports.ts";
import type { Endpoint } from "../../../src/store/index.ts";
import type { VirtualClock } from "../clock.ts";
import type { Violation } from "./violation.ts";

/** No attempt of a world takes longer. */
const ATTEMPT_MS_MAX = 30_000;

interface Keys {
  /** Current key last. What a crash kept from being stored may stand behind it. */
  readonly secrets: string[];
  /** When each became current; later than now for those that are not certainly stored. */
  readonly currentSince: number[];
}

/** Every request is signed by its endpoint's current key, or by the one that was current when its attempt began. */
export class SignatureChecks {
  readonly #keys = new Map<Seq, Keys>();
  readonly #keysByUrl = new Map<string, Keys>();

  constructor(
    private readonly clock: VirtualClock,
    private readonly violation: Violation,
  ) {}

  endpointMade({ seq, url }: Endpoint, secret: string): void {
    const keys = { secrets: [secret], currentSince: [0] };
    this.#keys.set(seq, keys);
    this.#keysByUrl.set(url, keys);
  }

  secretOffered(seq: Seq, secret: string): void {
    const { secrets, currentSince } = this.#keys.get(seq)!;
    secrets.push(secret);
    currentSince.push(Number.POSITIVE_INFINITY);
  }

  secretStored(seq: Seq, secret: string): void {
    const { secrets, currentSince } = this.#keys.get(seq)!;
    currentSince[secrets.indexOf(secret)] = this.clock.now;
  }

  sent({ url, headers, body }: OutgoingRequest, ids: IdCodec): void {
    const header = (name: string) => headers.find(([key]) => key === name)?.[1] ?? "";
    const id = header("webhook-id");
    if (ids.decode("msg_", id) === null) this.violation(`a request carries the unknown webhook-id ${id}`);
    const content = Buffer.concat([Buffer.from(`${id}.${header("webhook-timestamp")}.`), body]);
    const signatures = header("webhook-signature").split(" ");
    const isSigned = this.#validKeys(url.href).some((secret) => {
      const key = Buffer.from(secret.slice("whsec_".length), "base64");
      return signatures.includes(`v1,${createHmac("sha256", key).update(content).digest("base64")}`);
    });
    if (!isSigned) this.violation(`a request to ${url.href} is not signed with its key`);
  }

  #validKeys(url: string): readonly string[] {
    const { secrets, currentSince } = this.#keysByUrl.get(url) ?? { secrets: [], currentSince: [] };
    const begunAt = this.clock.now - ATTEMPT_MS_MAX;
    return secrets.slice(currentSince.findLastIndex((since) => since <= begunAt));
  }
}
