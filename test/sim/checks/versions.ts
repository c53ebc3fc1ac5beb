import type { Database, Statement } from "bun:sqlite";
import type { LinkedPayload } from "../../../src/commands/payload-link.ts";
import type { IdCodec, Seq } from "../../../src/core/id.ts";
import type { PayloadMode } from "../../../src/core/payload-link.ts";
import { planVersions, type VersionPlan } from "../../../src/core/payload-version.ts";
import type { OutgoingRequest } from "../../../src/ports.ts";
import type { PayloadVersion } from "../../../src/store/index.ts";
import type { VirtualClock } from "../clock.ts";
import type { Marks } from "../marks.ts";
import { elementsOf } from "../network.ts";
import { markOf, marksOf, throwsBelowOf } from "../versions.ts";
import type { Violation } from "./violation.ts";

/** What was true until a change, and may still apply to attempts that began before its response. */
interface Former<T> {
  readonly value: T;
  /** True time of the response. Infinite until then. */
  until: number;
}

interface EndpointRow {
  readonly seq: Seq;
  readonly apiVersion: string | null;
  readonly environmentSeq: Seq;
  readonly isOperational: number;
  readonly payloadMode: PayloadMode;
}

type VersionRow = Omit<PayloadVersion, "eventTypes"> & { readonly eventTypes: string | null };

/** Longest time from the start of an attempt to its request, while the network responds. */
const PREPARATION_MS = 2000;

/**
 * Checks that each request has the form and the header of the version to which its endpoint is pinned.
 * The rule itself has tests of its own. A message is not sent if one of its downgrades throws. A message with a number greater than that of a change must
 * have the form after the change, even if the change has no response yet.
 */
export class VersionChecks {
  #formerVersions: Former<readonly PayloadVersion[]>[] = [];
  readonly #formerPins = new Map<Seq, Former<string | null>[]>();
  readonly #versions: Statement<VersionRow, []>;
  readonly #endpoint: Statement<EndpointRow, [string]>;
  readonly #eventType: Statement<{ eventType: string }, [number]>;
  readonly #pin: Statement<{ apiVersion: string | null }, [number]>;

  constructor(
    db: Database,
    private readonly clock: VirtualClock,
    private readonly marks: Marks,
    private readonly violation: Violation,
  ) {
    this.#versions = db.prepare(
      `SELECT seq, environment_seq AS environmentSeq, version, event_types AS eventTypes, downgrade,
         deprecated_at AS deprecatedAt, sunset_at AS sunsetAt, deleted_seq AS deletedSeq FROM payload_version`,
    );
    this.#endpoint = db.prepare(
      `SELECT e.seq, e.api_version AS apiVersion, e.payload_mode AS payloadMode, a.environment_seq AS environmentSeq,
         a.operational AS isOperational
       FROM endpoint e JOIN application a ON a.seq = e.application_seq WHERE e.url = ?`,
    );
    this.#pin = db.prepare("SELECT api_version AS apiVersion FROM endpoint WHERE seq = ?");
    this.#eventType = db.prepare("SELECT event_type AS eventType FROM message WHERE seq = ?");
  }

  /** Attempts of the earlier life have ended, and the program reads everything again. */
  programStarted(): void {
    this.#formerVersions = [];
    this.#formerPins.clear();
  }

  /** Creates, changes or deletes a version. */
  async whileChanging(change: () => Promise<unknown>): Promise<void> {
    const former = { value: this.#stored(), until: Number.POSITIVE_INFINITY };
    this.#formerVersions.push(former);
    await change().finally(() => {
      former.until = this.clock.now;
    });
  }

  /** Pins an endpoint to another version. */
  async whilePinning(seq: Seq, change: () => Promise<unknown>): Promise<void> {
    const formers = this.#formerPins.getOrInsert(seq, []);
    const former = { value: this.#pin.get(seq)?.apiVersion ?? null, until: Number.POSITIVE_INFINITY };
    formers.push(former);
    await change().finally(() => {
      former.until = this.clock.now;
    });
  }

  /** Must be called when the payload of a thin event has been read. `url` is that of its endpoint. */
  linkRead(url: string, messageSeq: Seq, { payload, headers }: LinkedPayload): void {
    const stated = headers["webhook-api-version"] ?? null;
    this.#checkMessage(this.#endpoint.get(url)!, messageSeq, payload, stated);
  }

  /** Must be called when a request is sent. */
  sent({ url: { href: url }, headers, body }: OutgoingRequest, ids: IdCodec): void {
    const endpoint = this.#endpoint.get(url);
    if (endpoint === null) return;
    const header = (name: string) => headers.find(([key]) => key === name)?.[1] ?? null;
    const id = header("webhook-id") ?? "";
    const stated = header("webhook-api-version");
    // The version of a thin event is that of its payload, when it is read.
    if (endpoint.payloadMode === "reference") {
      this.#compare(`the thin event ${id}`, endpoint, stated, [null]);
      return;
    }
    const batchSeq = ids.decode("batch_", id);
    if (batchSeq === null) {
      this.#checkMessage(endpoint, ids.decode("msg_", id) ?? 0, body, stated);
      return;
    }
    const possible = this.#possiblePlans(endpoint, { seq: batchSeq, eventType: "" });
    this.#compare(`batch ${batchSeq}`, endpoint, stated, possible.map(versionOf));
    for (const element of elementsOf(body)) {
      this.#checkMessage(endpoint, ids.decode("msg_", element.messageId) ?? 0, element.body);
      if (marksOf(element.body).forms.length > 0) this.marks.hit("version: member of a batch downgraded");
    }
  }

  /** `stated` is the version in the header. Members of a batch have none. */
  #checkMessage(endpoint: EndpointRow, seq: Seq, body: Uint8Array, stated?: string | null): void {
    const row = this.#eventType.get(seq);
    if (row === null) return;
    const { forms, roll } = marksOf(body);
    const plans = this.#possiblePlans(endpoint, { seq, eventType: row.eventType });
    const possible = plans
      .filter(({ downgrades }) => roll === null || downgrades.every((one) => roll >= throwsBelowOf(one.downgrade!)))
      .map((plan) => [
        ...(stated === undefined ? [] : [versionOf(plan)]),
        ...(roll === null ? [] : plan.downgrades.map(({ downgrade }) => markOf(downgrade!))),
      ]);
    const actual = [...(stated === undefined ? [] : [stated]), ...forms];
    this.#compare(`message ${seq}`, endpoint, actual, possible);
    if (forms.length > 0) this.marks.hit(forms.length > 1 ? "version: several downgrades" : "version: downgraded");
  }

  #compare(what: string, { seq }: EndpointRow, actual: unknown, possible: readonly unknown[]): void {
    const texts = possible.map((one) => JSON.stringify(one));
    const text = JSON.stringify(actual);
    if (!texts.includes(text)) this.violation(`${what} is sent to endpoint ${seq} as ${text}, not as ${texts}`);
  }

  #possiblePlans(endpoint: EndpointRow, message: { readonly seq: Seq; readonly eventType: string }): VersionPlan[] {
    const pins = this.#possiblePins(endpoint);
    return this.#possibleVersions(endpoint, message.seq).flatMap((versions) =>
      pins.map((pin) => planVersions(versions, pin, message)),
    );
  }

  #possiblePins({ seq, apiVersion }: EndpointRow): readonly (string | null)[] {
    const formers = this.#formerPins.get(seq) ?? [];
    return [apiVersion, ...formers.filter((former) => this.#mayApply(former)).map(({ value }) => value)];
  }

  #possibleVersions({ isOperational }: EndpointRow, messageSeq: Seq): ReadonlyArray<readonly PayloadVersion[]> {
    if (isOperational === 1) return [[]];
    const stored = this.#stored();
    const formers = this.#formerVersions.filter((former) => this.#mayApply(former)).map(({ value }) => value);
    return [stored, ...formers.filter((former) => changesBetween(former, stored).every((seq) => seq > messageSeq))];
  }

  #mayApply({ until }: Former<unknown>): boolean {
    return this.clock.now <= until + PREPARATION_MS;
  }

  #stored(): readonly PayloadVersion[] {
    return this.#versions.all().map(({ eventTypes, ...row }) => ({
      ...row,
      eventTypes: eventTypes === null ? null : (JSON.parse(eventTypes) as string[]),
    }));
  }
}

function versionOf({ delivered }: VersionPlan): string | null {
  return delivered?.version ?? null;
}

/** Returns the numbers of the changes that made `after` of `before`. */
function changesBetween(before: readonly PayloadVersion[], after: readonly PayloadVersion[]): readonly Seq[] {
  const known = new Map(before.map(({ seq, deletedSeq }) => [seq, deletedSeq]));
  return after.flatMap(({ seq, deletedSeq }) => {
    if (!known.has(seq)) return deletedSeq === null ? [seq] : [seq, deletedSeq];
    return known.get(seq) === deletedSeq ? [] : [deletedSeq!];
  });
}
