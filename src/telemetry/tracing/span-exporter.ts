import type { Facts } from "../../core/facts.ts";
import { OneLife } from "../../core/service.ts";
import type { Cancel, Clock } from "../../ports.ts";
import type { OtlpForm } from "./otlp.ts";
import type { Origin, Span, SpanSink } from "./span.ts";

/** Maximum number of spans that wait for their export. Later ones are dropped. */
export const SPANS_MAX = 8192;
/** Maximum number of spans in one request. */
export const BATCH_MAX = 512;
/** Time for which the first span of a batch waits for others, in ms. */
const BATCH_MS = 1000;
/** Time limit of one request, in ms. */
const REQUEST_MS = 10_000;
/** Number of tries after which a batch is dropped. */
const TRIES_MAX = 5;
const BACKOFF_MS = 1000;
const BACKOFF_MS_MAX = 30_000;
/** Time after which a stop no longer waits for the collector, in ms. */
const STOP_MS = 2000;
/** Time in which the dropped spans are counted together, in ms. */
const COUNT_MS = 1000;
/** The statuses after which OTLP/HTTP allows another try. */
const TEMPORARY: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export interface CollectorResponse {
  readonly status: number;
  /** The raw `Retry-After` header, or null if it is absent. */
  readonly retryAfter: string | null;
  readonly body: Uint8Array;
}

/** Posts a request to the collector. Rejects if there is no response, and soon after `signal` aborts. */
export type PostToCollector = (
  contentType: string,
  body: Uint8Array,
  signal: AbortSignal,
) => Promise<CollectorResponse>;

type Result =
  | { readonly kind: "exported"; readonly rejected: number }
  | { readonly kind: "failed"; readonly reason: string; readonly retryMs: number | null };

/**
 * Exports spans in batches. A collector that is slow or down delays nothing: spans wait in a bounded
 * queue, and are dropped and counted if it is full.
 */
export class SpanExporter extends OneLife implements SpanSink {
  #queue: Span[] = [];
  #timer: Cancel | null = null;
  #sending: Promise<void> | null = null;
  #isFailing = false;
  #isOver = false;
  /** Number of dropped spans that have not been counted yet. */
  #dropped = 0;
  #counting: Cancel | null = null;
  /** Ends the current request or pause. */
  #interrupt: (() => void) | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly facts: Facts,
    private readonly form: OtlpForm,
    private readonly origin: Origin,
    private readonly post: PostToCollector,
  ) {
    super();
  }

  protected begin(): void {}

  /** Exports the remaining spans, for at most `STOP_MS`. */
  protected async end(): Promise<void> {
    const cancelDeadline = this.clock.after(STOP_MS, () => this.#giveUp());
    if (this.#isFailing) this.#giveUp();
    await this.#sending;
    this.#startSending();
    await this.#sending;
    cancelDeadline();
    this.#giveUp();
    this.#countDropped();
  }

  add(span: Span): void {
    if (this.#queue.length >= SPANS_MAX || this.#isOver) {
      this.#drop(1);
      return;
    }
    this.#queue.push(span);
    if (this.#sending !== null) return;
    if (this.#queue.length === BATCH_MAX) this.#sendAfter(0);
    else if (this.#timer === null) this.#sendAfter(BATCH_MS);
  }

  #sendAfter(ms: number): void {
    this.#timer?.();
    this.#timer = this.clock.after(ms, () => this.#startSending());
  }

  #startSending(): void {
    this.#timer?.();
    this.#timer = null;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null;
      if (this.#queue.length > 0 && !this.isStopping) this.#sendAfter(BATCH_MS);
    });
  }

  /** Sends one batch, then all further full ones; all spans if the exporter is stopping. Never rejects. */
  async #sendAll(): Promise<void> {
    try {
      do {
        const batch = this.#queue.splice(0, BATCH_MAX);
        if (batch.length > 0) await this.#export(batch);
      } while (!this.#isOver && this.#queue.length >= (this.isStopping ? 1 : BATCH_MAX));
    } catch (error) {
      this.facts.state({ type: "defect.found", where: "export of traces", error });
    }
  }

  /** Exports a batch, or drops it after several tries. */
  async #export(batch: readonly Span[]): Promise<void> {
    const body = this.form.encode(batch, this.origin);
    for (let tries = 1; !this.#isOver; tries++) {
      const result = await this.#try(body);
      if (result.kind === "exported") {
        // A collector may report more than it got.
        const rejected = Math.min(result.rejected, batch.length);
        this.#exported(batch.length - rejected);
        this.#drop(rejected);
        return;
      }
      this.#failed(result.reason);
      if (result.retryMs === null || tries === TRIES_MAX || this.isStopping) break;
      await this.#pause(Math.min(BACKOFF_MS_MAX, Math.max(result.retryMs, BACKOFF_MS * 2 ** (tries - 1))));
    }
    this.#drop(batch.length);
    // The collector has not responded, so a stop does not wait for the next batches.
    if (this.isStopping) this.#isOver = true;
  }

  async #try(body: Uint8Array): Promise<Result> {
    const controller = new AbortController();
    this.#interrupt = () => controller.abort();
    const cancelTimeout = this.clock.after(REQUEST_MS, () => controller.abort());
    try {
      const response = await this.post(this.form.contentType, body, controller.signal);
      return this.#resultOf(response);
    } catch (error) {
      const reason = controller.signal.aborted ? "The collector did not respond in time." : messageOf(error);
      return { kind: "failed", reason, retryMs: 0 };
    } finally {
      cancelTimeout();
      this.#interrupt = null;
    }
  }

  #resultOf({ status, retryAfter, body }: CollectorResponse): Result {
    if (status >= 200 && status < 300) return { kind: "exported", rejected: this.form.rejected(body) };
    const seconds = Number(retryAfter ?? 0);
    const retryMs = seconds > 0 ? seconds * 1000 : 0;
    return { kind: "failed", reason: `Status ${status}.`, retryMs: TEMPORARY.has(status) ? retryMs : null };
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.clock.after(ms, resolve);
      this.#interrupt = () => {
        cancel();
        resolve();
      };
    });
  }

  #exported(count: number): void {
    this.facts.state({ type: "spans.exported", count });
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.facts.state({ type: "traces.recovered" });
  }

  #failed(reason: string): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.facts.state({ type: "traces.failing", reason });
  }

  #drop(count: number): void {
    if (count === 0) return;
    this.#dropped += count;
    this.#counting ??= this.clock.after(COUNT_MS, () => this.#countDropped());
  }

  #countDropped(): void {
    this.#counting?.();
    this.#counting = null;
    if (this.#dropped === 0) return;
    this.facts.state({ type: "spans.dropped", count: this.#dropped });
    this.#dropped = 0;
  }

  /** Drops all spans, including those that are being exported. */
  #giveUp(): void {
    this.#isOver = true;
    this.#drop(this.#queue.length);
    this.#queue = [];
    this.#timer?.();
    this.#timer = null;
    this.#interrupt?.();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
