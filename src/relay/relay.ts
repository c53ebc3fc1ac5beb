/** Moves rows from the outbox to the server until it is stopped. */
import { isRefused, isTemporary, type RelayApi } from "./api.ts";
import { DatabaseError } from "./database-error.ts";
import type { RelayEvent } from "./event.ts";
import type { Marks, Outbox } from "./outbox.ts";
import { Pauses } from "./pauses.ts";
import { RelayFailed } from "./relay-failed.ts";
import type { Row } from "./row.ts";
import { type Refusal, Sender, type Sent, type Stop } from "./sender.ts";

/** Maximum number of applications whose rows are sent at the same time. */
const CONCURRENCY = 8;
/** Time after which a transaction begins no further request, in ms. */
const SEND_MS_MAX = 60_000;
/** Pause after the server or the database was not available, in ms. It doubles up to the maximum. */
const WAIT_MS_MIN = 500;
const WAIT_MS_MAX = 30_000;
/** Maximum wait that a server can ask for, in ms. */
const ASKED_MS_MAX = 300_000;
/** Maximum number of refused rows without a column for their errors. */
const REFUSED_MAX = 10_000;
const TOKEN_TOO_NARROW =
  "The token is for one application. Use one for the whole environment, such as `boathook token create` makes without --app.";

export interface RelayOptions {
  /** Time between two looks at the table, in ms, unless rows are announced. */
  readonly pollMs: number;
  readonly eventIdPrefix: string;
  /** Whether to end when no rows wait, or at the first failure. */
  readonly isOnce: boolean;
}

/** What a relay uses. */
export interface RelayParts {
  readonly api: RelayApi;
  readonly outbox: Outbox;
  readonly stop: AbortSignal;
  /** The time of a clock that is never set, in ms. */
  now(): number;
  random(): number;
  /** Resolves after a time, when there may be rows, or when the relay stops. */
  idle(ms: number): Promise<void>;
  /** Resolves after a time or when the relay stops. */
  pause(ms: number): Promise<void>;
  report(event: RelayEvent): void;
}

/** The result of a transaction. */
interface Round {
  readonly hadRows: boolean;
  readonly stop: Extract<Stop, { kind: "server" | "final" }> | null;
}

export class Relay {
  readonly #rows: Pauses;
  readonly #applications: Pauses;
  #failures = 0;
  #hasRefused = false;

  constructor(
    private readonly parts: RelayParts,
    private readonly options: RelayOptions,
  ) {
    this.#rows = new Pauses(parts.now);
    this.#applications = new Pauses(parts.now);
  }

  /**
   * Resolves when the relay is stopped, or with `isOnce` when no rows wait, with whether all rows were
   * sent. Rejects if it cannot continue.
   */
  async run(): Promise<boolean> {
    const { stop, outbox, report } = this.parts;
    try {
      await this.#meetServer();
      if (!stop.aborted) report({ type: "ready", table: outbox.title });
      while (!stop.aborted) {
        const { hadRows, stop: reason } = await this.#round();
        if (reason?.kind === "final") throw reason.error;
        if (reason !== null) await this.#wait(reason.reason, reason.retryAfterMs);
        else {
          this.#resume();
          if (!hadRows && this.options.isOnce) break;
          if (!hadRows) await this.parts.idle(this.options.pollMs);
        }
      }
    } finally {
      await outbox.close();
    }
    return !this.#hasRefused;
  }

  /** Waits until the server can be reached. Rejects if the token is not one for a whole environment. */
  async #meetServer(): Promise<void> {
    while (!this.parts.stop.aborted) {
      try {
        const found = (await this.parts.api.get("/api/v1/auth/whoami")) as { readonly appId?: unknown } | null;
        if (typeof found?.appId === "string") throw new RelayFailed(TOKEN_TOO_NARROW);
        this.#resume();
        return;
      } catch (error) {
        if (!(error instanceof Error) || error instanceof RelayFailed) throw error;
        const refusal = isRefused(error) ? error : null;
        if (refusal !== null && !isTemporary(refusal.status)) throw error;
        await this.#wait(error.message, refusal?.retryAfterMs ?? null);
      }
    }
  }

  async #round(): Promise<Round> {
    const excluded = { ids: this.#rows.active, applications: this.#applications.active };
    if (excluded.ids.length > REFUSED_MAX) {
      throw new RelayFailed(
        `More than ${REFUSED_MAX} rows were refused. Give them an error that the table keeps, with --columns error=….`,
      );
    }
    let groups: readonly Group[] = [];
    try {
      const hadRows = await this.parts.outbox.take(excluded, async (rows) => {
        groups = await this.#send(rows);
        return this.#marks(groups);
      });
      this.#reportAll(groups);
      const stops = groups.map(({ sent }) => sent.stop);
      const stop = stops.find((one) => one?.kind === "final") ?? stops.find((one) => one?.kind === "server") ?? null;
      return { hadRows, stop };
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.isFinal) throw error;
      return { hadRows: false, stop: { kind: "server", reason: error.message, retryAfterMs: null } };
    }
  }

  /** Sends the rows of each application in their order. */
  async #send(rows: readonly Row[]): Promise<readonly Group[]> {
    const { api, stop, now } = this.parts;
    const startedAt = now();
    const isStopped = () => stop.aborted || now() - startedAt > SEND_MS_MAX;
    const waiting = Map.groupBy(rows, ({ app }) => app).entries();
    const groups: Group[] = [];
    const worker = async () => {
      for (const [app, ofApp] of waiting) {
        const beganAt = now();
        const sent = await new Sender(api, app, this.options.eventIdPrefix, isStopped).send(ofApp);
        groups.push({ app, sent: this.#withMissing(sent, ofApp), durationMs: Math.round(now() - beganAt) });
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    return groups;
  }

  /** Refuses the rows of an application that does not exist, if the table has a column for errors. */
  #withMissing(sent: Sent, rows: readonly Row[]): Sent {
    const { stop } = sent;
    if (stop?.kind !== "application" || !stop.isMissing || !this.parts.outbox.hasErrors) return sent;
    const done = new Set([...sent.accepted, ...sent.refused.map(({ row }) => row)]);
    const refused = rows.filter((row) => !done.has(row)).map((row) => ({ row, reason: stop.reason }));
    return { ...sent, refused: [...sent.refused, ...refused], stop: null };
  }

  #marks(groups: readonly Group[]): Marks {
    const refusals = groups.flatMap(({ sent }) => sent.refused);
    return {
      sent: groups.flatMap(({ sent }) => sent.accepted.map(({ id }) => id)),
      refused: new Map(refusals.map(({ row, reason }) => [row.id, reason])),
    };
  }

  #reportAll(groups: readonly Group[]): void {
    for (const { app: application, sent, durationMs } of groups) {
      const { accepted, duplicates, refused, stop } = sent;
      for (const { id } of accepted) this.#rows.end(id);
      if (accepted.length > 0) this.#applications.end(application);
      if (accepted.length + refused.length > 0) {
        const counts = { sent: accepted.length, duplicates, refused: refused.length };
        this.parts.report({ type: "batch", application, ...counts, durationMs });
      }
      for (const refusal of refused) this.#refused(refusal);
      if (stop?.kind === "application") {
        this.#hasRefused = true;
        const retryMs = this.#applications.begin(application);
        this.parts.report({ type: "paused", application, reason: stop.reason, retryMs });
      }
    }
  }

  #refused({ row: { id, app: application }, reason }: Refusal): void {
    this.#hasRefused = true;
    const retryMs = this.parts.outbox.hasErrors ? null : this.#rows.begin(id);
    this.parts.report({ type: "refused", application, id, reason, retryMs });
  }

  /** Waits until the next attempt, longer after each failure. */
  async #wait(reason: string, retryAfterMs: number | null): Promise<void> {
    if (this.options.isOnce) throw new RelayFailed(reason);
    if (this.#failures === 0) this.parts.report({ type: "waiting", reason });
    const ownMs = Math.min(WAIT_MS_MIN * 2 ** this.#failures, WAIT_MS_MAX);
    this.#failures = Math.min(this.#failures + 1, 10);
    // The random part spreads the requests to a server that was down.
    const ms = ownMs * (0.5 + this.parts.random() / 2);
    await this.parts.pause(Math.max(ms, Math.min(retryAfterMs ?? 0, ASKED_MS_MAX)));
  }

  #resume(): void {
    if (this.#failures > 0) this.parts.report({ type: "resumed" });
    this.#failures = 0;
  }
}

/** What became of the rows of one application. */
interface Group {
  readonly app: string;
  readonly sent: Sent;
  readonly durationMs: number;
}
