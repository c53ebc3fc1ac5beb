import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import { holdNumber } from "../../../core/move-hold.ts";
import { versionObstacle } from "../../../core/moved-versions.ts";
import type { Arrival, ArrivalObstacle, Row, SettingsPage } from "../../index.ts";
import type { EarlierHold } from "../../moves.ts";
import type { ArrivedRows } from "./arrived-rows.ts";
import type { ArrivalReader, DestinationParts, HoldRules } from "./destination-parts.ts";
import { idIn } from "./rows.ts";
import { versionsReader } from "./versions.ts";

type Statements = ReturnType<typeof prepare>;

/** Stores the settings of an application that is arriving, in place of those that came before. */
export class ArrivedSettings {
  readonly #statements: Statements;
  readonly #versionsOf;

  constructor(
    private readonly parts: DestinationParts,
    private readonly rows: ArrivedRows,
    private readonly arrivalOf: ArrivalReader,
    private readonly holds: HoldRules,
  ) {
    this.#statements = prepare(parts.db);
    this.#versionsOf = versionsReader(parts.db);
  }

  /** Must be called within a commit. Changes nothing if the application has arrived. */
  store(environmentSeq: Seq, page: SettingsPage, hold: string | null): Arrival | ArrivalObstacle | EarlierHold {
    const obstacle = page.versions === null ? null : versionObstacle(page.versions, this.#versionsOf(environmentSeq));
    if (obstacle !== null) return { obstacle };
    if (this.#isFromBefore(page)) return "earlier-hold";
    const { rows } = this;
    const { begin, drops, unknownTraits } = this.#statements;
    const applicationSeq = this.#applicationSeqOf(page);
    const before = this.arrivalOf(applicationSeq);
    if (before !== null && (hold === null || before.arrivedAt !== null)) return before;
    if (hold !== null && this.holds.isOver(applicationSeq, hold)) return "earlier-hold";
    begin.run(applicationSeq, page.keyEnvironment);
    for (const drop of drops) drop.run(applicationSeq);
    rows.put("application", { ...page.application, seq: applicationSeq, environment_seq: environmentSeq });
    unknownTraits.run(applicationSeq);
    this.#putEventTypes(environmentSeq, page.eventTypes);
    this.#putEndpoints(applicationSeq, page);
    this.#putTokens(environmentSeq, applicationSeq, page);
    if (hold !== null) this.holds.beginHold(applicationSeq, hold);
    return this.arrivalOf(applicationSeq)!;
  }

  /** Returns whether the application has been here since the page was read. It has left again, or is served. */
  #isFromBefore({ ids, application, originNumber }: SettingsPage): boolean {
    const { kept, ids: codec } = this.parts;
    const id = idIn(ids, "app_", application.seq);
    const last = kept.formerOf(id) ?? codec.decode("app_", id);
    const arrival = last === null ? null : this.arrivalOf(last);
    if (originNumber === undefined || arrival === null || arrival.arrivedAt === null) return false;
    const number = holdNumber(arrival.hold ?? "");
    return number !== null && originNumber <= number;
  }

  /** Returns the application's number here, or a new one if it has not been here or has left again. */
  #applicationSeqOf({ ids, application }: SettingsPage): Seq {
    const { kept, ids: codec } = this.parts;
    const id = idIn(ids, "app_", application.seq);
    const known = codec.decode("app_", id);
    if (known !== null && this.#statements.isServed.get(known) !== null) return known;
    const seq = this.rows.freeList(application.seq as Seq);
    if (known !== null && this.#statements.hasDeparted.get(known) !== null) kept.keepFormer(id, known);
    kept.keep(id, seq);
    return seq;
  }

  /** Adds the event types that the environment lacks. */
  #putEventTypes(environmentSeq: Seq, eventTypes: readonly Row[]): void {
    for (const row of eventTypes) {
      if (this.#statements.hasEventType.get(environmentSeq, row.name as string) !== null) continue;
      this.rows.put("event_type", { ...row, seq: this.parts.numbers.next(), environment_seq: environmentSeq });
    }
  }

  #putEndpoints(applicationSeq: Seq, { endpoints, secrets, ids }: SettingsPage): void {
    const { rows } = this;
    const seqs = new Map<unknown, Seq>();
    for (const row of endpoints) {
      const seq = rows.endpointSeqFor(applicationSeq, row, ids);
      seqs.set(row.seq, seq);
      rows.put("endpoint", { ...row, seq, application_seq: applicationSeq });
      this.#statements.unknownTraits.run(seq);
    }
    for (const row of secrets) rows.put("endpoint_secret", { ...row, endpoint_seq: seqs.get(row.endpoint_seq)! });
  }

  #putTokens(environmentSeq: Seq, applicationSeq: Seq, { tokens, jwtEnds, ids }: SettingsPage): void {
    const { rows } = this;
    for (const row of tokens) {
      this.#statements.dropFormerToken.run(bytesOf(row.sha256));
      const seq = rows.tokenSeqFor(row, ids);
      rows.put("token", { ...row, seq, environment_seq: environmentSeq, application_seq: applicationSeq });
    }
    for (const row of jwtEnds) rows.put("jwt_end", { ...row, application_seq: applicationSeq });
  }
}

function prepare(db: Database) {
  return {
    isServed: db.prepare<unknown, [number]>("SELECT 1 FROM application WHERE seq = ? AND deleted_at IS NULL"),
    begin: db.prepare(
      `INSERT INTO arrival (application_seq, history_to, key_environment) VALUES (?, 0, ?)
       ON CONFLICT (application_seq) DO UPDATE SET key_environment = COALESCE(key_environment, excluded.key_environment)`,
    ),
    /** What an earlier page has stored for the application. */
    drops: [
      "DELETE FROM endpoint_secret WHERE endpoint_seq IN (SELECT seq FROM endpoint WHERE application_seq = ?)",
      "DELETE FROM endpoint WHERE application_seq = ?",
      "DELETE FROM token WHERE application_seq = ?",
      "DELETE FROM jwt_end WHERE application_seq = ?",
    ].map((sql) => db.prepare(sql)),
    // Messages that arrive out of order are found by reading the rows. See "stretches.ts".
    unknownTraits: db.prepare("INSERT OR IGNORE INTO stretch (list_seq, start, traits) VALUES (?, 0, NULL)"),
    hasEventType: db.prepare<unknown, [number, string]>(
      "SELECT 1 FROM event_type WHERE environment_seq = ? AND name = ?",
    ),
    /** Removes the token of an application that was here before. */
    dropFormerToken: db.prepare(
      `DELETE FROM token WHERE sha256 = ?
         AND EXISTS (SELECT 1 FROM application a WHERE a.seq = application_seq AND a.deleted_at IS NOT NULL)`,
    ),
    hasDeparted: db.prepare<unknown, [number]>("SELECT 1 FROM departure WHERE application_seq = ?"),
  };
}

function bytesOf(cell: Row[string] | undefined): Uint8Array {
  return Buffer.from((cell as { readonly bytes: string }).bytes, "base64");
}
