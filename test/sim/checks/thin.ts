import type { Database, Statement } from "bun:sqlite";
import type { LinkedPayload } from "../../../src/commands/payload-link.ts";
import type { IdCodec, Seq } from "../../../src/core/id.ts";
import type { VirtualClock } from "../clock.ts";
import type { Dice } from "../dice.ts";
import type { Marks } from "../marks.ts";
import type { Arrival } from "../network.ts";
import { thinEventOf } from "../thin.ts";
import { marksOf } from "../versions.ts";
import type { VersionChecks } from "./versions.ts";
import type { Violation } from "./violation.ts";

/** Number of the latest thin events whose payloads may be read. */
const LATEST = 8;

/** The link of a thin event that an endpoint has received. */
export interface Link {
  readonly text: string;
  readonly url: string;
  readonly messageSeq: Seq;
  /** True time of the arrival. */
  readonly receivedAt: number;
  /** The life of the program in which the payload was read. Null before that. */
  usedIn: number | null;
  /** Whether the program ended while the payload was being read. */
  mayBeUsed: boolean;
  callsUnderWay: number;
}

/** A read of a payload. */
interface Reading {
  got(read: LinkedPayload): void;
  refused(code: string): void;
  /** Must be called when the caller has the response. */
  ends(): void;
}

interface EndpointRow {
  readonly url: string;
  readonly payloadMode: string;
}

/**
 * Checks that endpoints with thin events get no payloads and others get no thin events, and that each
 * link works once: never twice, and once unless something else has ended it.
 */
export class ThinChecks {
  readonly #links: Link[] = [];
  readonly #endpoint: Statement<EndpointRow, [string]>;
  readonly #readable: Statement<{ payload: Uint8Array }, [number, string]>;
  #life = 0;

  constructor(
    db: Database,
    private readonly clock: VirtualClock,
    private readonly versions: VersionChecks,
    private readonly marks: Marks,
    private readonly violation: Violation,
  ) {
    this.#endpoint = db.prepare("SELECT url, payload_mode AS payloadMode FROM endpoint WHERE url LIKE ?");
    this.#readable = db.prepare(
      `SELECT m.payload FROM message m, endpoint e JOIN application a ON a.seq = e.application_seq
       WHERE m.seq = ? AND m.payload IS NOT NULL AND e.url = ? AND e.deleted_at IS NULL AND a.deleted_at IS NULL`,
    );
  }

  /** Links that were being read may have been used up. */
  programStarted(): void {
    this.#life++;
    for (const link of this.#links) {
      link.mayBeUsed ||= link.callsUnderWay > 0;
      link.callsUnderWay = 0;
    }
  }

  /** Must be called when an endpoint has received a message. Returns whether it is a thin event. */
  received({ host, messageId, body }: Arrival, ids: IdCodec): boolean {
    const row = this.#endpoint.get(`https://${host}/%`);
    if (row === null) return false;
    const thin = thinEventOf(body);
    if ((thin !== null) !== (row.payloadMode === "reference")) {
      this.violation(`an endpoint whose payload mode is ${row.payloadMode} has received ${Buffer.from(body)}`);
    }
    if (thin === null) return false;
    if (thin.id !== messageId) this.violation(`message ${messageId} contains the thin event of ${thin.id}`);
    this.marks.hit("thin: received");
    this.#links.push({
      ...{ text: thin.link, url: row.url, messageSeq: ids.decode("msg_", thin.id) ?? 0 },
      ...{ receivedAt: this.clock.now, usedIn: null, mayBeUsed: false, callsUnderWay: 0 },
    });
    return true;
  }

  /** Returns one of the latest links, which may have been used. */
  pick(dice: Dice): Link | undefined {
    return dice.pick(this.#links.slice(-LATEST));
  }

  get unread(): readonly Link[] {
    return this.#links.filter(({ usedIn }) => usedIn === null);
  }

  /** Must be called when a read begins. `endsAt` is the time from which the link has expired. */
  reading(link: Link, endsAt: number): Reading {
    const life = this.#life;
    link.callsUnderWay++;
    return {
      got: (read) => this.#got(link, read),
      refused: (code) => this.#refused(link, code, endsAt),
      ends: () => {
        if (life === this.#life) link.callsUnderWay--;
      },
    };
  }

  #got(link: Link, read: LinkedPayload): void {
    if (link.usedIn !== null) this.violation(`the link ${link.text} has worked twice`);
    link.usedIn = this.#life;
    this.marks.hit("thin: payload read");
    const stored = this.#readable.get(link.messageSeq, link.url);
    if (stored !== null && !Buffer.from(marksOf(read.payload).original).equals(stored.payload)) {
      this.violation(`the link ${link.text} has another payload`);
    }
    this.versions.linkRead(link.url, link.messageSeq, read);
  }

  #refused(link: Link, code: string, endsAt: number): void {
    if (code !== "gone") {
      this.marks.hit(code === "unavailable" ? "thin: sandbox busy" : "thin: downgrade threw");
    } else if (link.usedIn !== null) {
      this.marks.hit(
        link.usedIn === this.#life ? "thin: used link refused" : "thin: used link refused after a restart",
      );
    } else if (!this.#mayBeGone(link, endsAt)) {
      this.violation(`the link ${link.text} does not work although it is unused`);
    }
  }

  #mayBeGone({ mayBeUsed, callsUnderWay, receivedAt, messageSeq, url }: Link, endsAt: number): boolean {
    const hasExpired = this.clock.latestBetween(receivedAt) >= endsAt;
    return mayBeUsed || callsUnderWay > 1 || hasExpired || this.#readable.get(messageSeq, url) === null;
  }
}
