import { FairQueue } from "../core/fair-queue.ts";
import type { Seq } from "../core/id.ts";
import type { Service } from "../core/service.ts";
import type { Cancel, Clock } from "../ports.ts";
import {
  type HostedCall,
  type HostedResult,
  type Sandbox,
  SandboxBusy,
  type SandboxCall,
  type SandboxLimits,
  type SandboxResult,
} from "./sandbox.ts";
import type { FromWorker, ToWorker } from "./serve-calls.ts";

/**
 * Maximum number of calls that wait: in total, and of one application. The latter is the default
 * concurrency of an endpoint: a lane rests when a call of it is refused.
 */
export const WAITING_MAX = 1_000;
export const WAITING_PER_OWNER_MAX = 256;
/** Computing time from which a call counts as slow, in ms. */
const SLOW_MS = 10;
/** Maximum number of applications that are remembered as proven. */
const PROVEN_MAX = 10_000;
/** A thread is replaced when a call takes so many times its computing time, plus `LOST_MS`. */
const LOST_FACTOR = 20;
const LOST_MS = 5_000;
/** Time after which a thread ends that had no call, in ms. */
const IDLE_MS = 60_000;

/** A worker thread, as the main thread sees it. */
export interface SandboxWorker {
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(message: ToWorker, handedOver: Transferable[]): void;
  terminate(): void;
}

interface Waiting {
  readonly owner: Seq;
  readonly prepare: () => SandboxCall | HostedCall;
  readonly resolve: (result: HostedResult) => void;
  readonly reject: (error: Error) => void;
  /** Whether the call runs only the top level of the code. */
  isCheck: boolean;
}

/** A thread and the call that it runs. A thread that starts has none. */
interface Seat {
  readonly worker: SandboxWorker;
  isReady: boolean;
  running: Waiting | null;
  /** Cancels the timer that ends the thread if it does not answer, or if it gets no call. */
  cancelTimer: Cancel;
}

/**
 * Runs calls on a few worker threads, one call per thread at a time. Threads start when they are
 * needed and end when they are idle, so that a server without foreign code has none. One application leaves at least one thread
 * to the others, and so do all applications together whose code is not proven to be fast.
 */
export class SandboxPool implements Sandbox, Service {
  readonly #queue = new FairQueue<Waiting>();
  readonly #seats = new Set<Seat>();
  /** The applications whose latest call was fast, the oldest first. */
  readonly #proven = new Set<Seq>();
  #isStopped = false;

  constructor(
    private readonly clock: Pick<Clock, "after">,
    private readonly limits: SandboxLimits & { readonly workersMax: number },
    /** Starts a thread that serves calls. */
    private readonly open: () => SandboxWorker,
  ) {}

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const seat of this.#seats) this.#close(seat, busy("The server is stopping."));
    for (const waiting of this.#queue.drain()) waiting.reject(busy("The server is stopping."));
  }

  /** Number of threads. */
  get threads(): number {
    return this.#seats.size;
  }

  async run(owner: Seq, prepare: () => SandboxCall, signal?: AbortSignal): Promise<SandboxResult> {
    const result = await this.#run(owner, prepare, false, signal);
    if (result.kind === "waiting") throw new Error("Internal error: code that cannot call the host waits for it.");
    return result;
  }

  runHosted(owner: Seq, prepare: () => HostedCall, isRerun: boolean, signal?: AbortSignal): Promise<HostedResult> {
    return this.#run(owner, prepare, isRerun, signal);
  }

  #run(
    owner: Seq,
    prepare: () => SandboxCall | HostedCall,
    isRerun: boolean,
    signal: AbortSignal | undefined,
  ): Promise<HostedResult> {
    if (this.#isStopped) return Promise.reject(busy("The server is stopping."));
    if (signal?.aborted) return Promise.reject(busy("The call was aborted."));
    const isFull = this.#queue.size >= WAITING_MAX || this.#queue.sizeOf(owner) >= WAITING_PER_OWNER_MAX;
    if (isFull && !isRerun) {
      return Promise.reject(busy("Too many calls are waiting."));
    }
    const { promise, resolve, reject } = Promise.withResolvers<HostedResult>();
    const waiting: Waiting = { owner, prepare, resolve, reject, isCheck: false };
    this.#queue.add(waiting);
    signal?.addEventListener("abort", () => {
      if (this.#queue.remove(waiting)) reject(busy("The call was aborted."));
    });
    this.#serve();
    return promise;
  }

  /** Gives waiting calls to free threads, and starts a thread if there are too few. */
  #serve(): void {
    for (const seat of this.#seats) {
      if (!seat.isReady || seat.running !== null) continue;
      const next = this.#queue.take((owner) => this.#mayRun(owner));
      if (next === null) return;
      this.#begin(seat, next);
    }
    const starting = [...this.#seats].filter(({ isReady }) => !isReady).length;
    if (this.#queue.size > starting && this.#seats.size < this.limits.workersMax) this.#openSeat();
  }

  #mayRun(owner: Seq): boolean {
    const most = Math.max(1, this.limits.workersMax - 1);
    const running = [...this.#seats].flatMap((seat) => (seat.running === null ? [] : [seat.running.owner]));
    if (running.filter((other) => other === owner).length >= most) return false;
    return this.#proven.has(owner) || running.filter((other) => !this.#proven.has(other)).length < most;
  }

  #openSeat(): void {
    const worker = this.open();
    const seat: Seat = { worker, isReady: false, running: null, cancelTimer: () => {} };
    seat.cancelTimer = this.#watch(seat, "The thread did not start.");
    this.#seats.add(seat);
    worker.onmessage = ({ data }) => this.#receive(seat, data);
    worker.onerror = ({ message }) => this.#lose(seat, new Error(`The sandbox thread failed: ${message}`));
    const { timeoutMs, memoryBytesMax, outputCharsMax } = this.limits;
    worker.postMessage({ limits: { timeoutMs, memoryBytesMax, outputCharsMax } }, []);
  }

  #begin(seat: Seat, next: Waiting): void {
    seat.running = next;
    seat.cancelTimer();
    seat.cancelTimer = this.#watch(seat, "The thread did not answer.");
    const call = next.prepare();
    next.isCheck = call.argument === null;
    seat.worker.postMessage({ call }, call.payload === undefined ? [] : [call.payload.bytes.buffer]);
  }

  #receive(seat: Seat, message: FromWorker): void {
    if (!this.#seats.has(seat)) return;
    seat.cancelTimer();
    if ("defect" in message) {
      this.#lose(seat, new Error(`The sandbox failed: ${message.defect}`));
      return;
    }
    const { running } = seat;
    seat.isReady = true;
    seat.running = null;
    if (running !== null && "result" in message) {
      this.#remember(running, message.computingMs);
      running.resolve(message.result);
    }
    this.#serve();
    this.#endWhenIdle(seat);
  }

  /** Ends a thread if it gets no call for a while. */
  #endWhenIdle(seat: Seat): void {
    if (seat.running !== null) return;
    seat.cancelTimer = this.clock.after(IDLE_MS, () => this.#close(seat, new Error("The thread was idle.")));
  }

  #remember({ owner, isCheck }: Waiting, computingMs: number): void {
    const wasProven = this.#proven.delete(owner);
    // A check runs only the top level of the code, so it proves nothing.
    if (computingMs >= SLOW_MS || (isCheck && !wasProven)) return;
    this.#proven.add(owner);
    if (this.#proven.size > PROVEN_MAX) this.#proven.delete(this.#proven.values().next().value!);
  }

  /** Replaces a thread that does not answer. This is the last resort: a call ends itself before. */
  #watch(seat: Seat, problem: string): Cancel {
    const lostMs = this.limits.timeoutMs * LOST_FACTOR + LOST_MS;
    return this.clock.after(lostMs, () => this.#lose(seat, new Error(problem)));
  }

  /** Gives a thread up. If it has not started, the waiting calls fail, because the next may not start either. */
  #lose(seat: Seat, error: Error): void {
    if (!this.#seats.has(seat)) return;
    this.#close(seat, error);
    if (!seat.isReady) for (const waiting of this.#queue.drain()) waiting.reject(error);
    this.#serve();
  }

  #close(seat: Seat, error: Error): void {
    this.#seats.delete(seat);
    seat.cancelTimer();
    seat.worker.terminate();
    seat.running?.reject(error);
    seat.running = null;
  }
}

function busy(message: string): SandboxBusy {
  return new SandboxBusy(message);
}
