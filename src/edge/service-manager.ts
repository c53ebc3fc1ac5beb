import { NOTIFY_VARIABLES, notifyAddress, notifyText, watchdogEveryMs } from "../core/service-notify.ts";
import type { Cancel, Clock } from "../ports.ts";
import { type SystemCalls, systemCalls } from "./system-calls.ts";

/** Values of Linux. */
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0x8_0002;
const MSG_DONTWAIT_NOSIGNAL = 0x4040;
const CLOCK_MONOTONIC = 1;
const EAGAIN = 11;
const ENOBUFS = 105;

/** Delay before a state is sent again because the queue of the receiver was full, in ms. */
const AGAIN_MS = 100;

/**
 * Reports the state of this process to systemd, or to another program that listens on
 * `NOTIFY_SOCKET`. Sends a sign of life at half of the interval of the watchdog, until the process
 * ends. A stuck event loop sends none, so systemd restarts the process. Never throws.
 */
export class ServiceManager {
  #cancelWatchdog: Cancel = () => {};
  #cancelAgain: Cancel = () => {};
  #isStopping = false;

  private constructor(
    private readonly calls: SystemCalls,
    private readonly descriptor: number,
    private readonly address: Uint8Array,
    private readonly clock: Clock,
    watchdogMs: number | null,
    /** Called once if a state cannot be sent. */
    private readonly onProblem: (problem: string) => void,
  ) {
    if (watchdogMs !== null) this.#watchLater(watchdogMs);
  }

  /**
   * Returns null if nobody listens, or if this system does not have such sockets. Removes the
   * variables of the protocol from `environment`, so that children do not report as this process.
   */
  static fromEnvironment(
    environment: Record<string, string | undefined>,
    clock: Clock,
    onProblem: (problem: string) => void,
  ): ServiceManager | null {
    const { NOTIFY_SOCKET: socket } = environment;
    const watchdogMs = watchdogEveryMs(environment, process.pid);
    for (const name of NOTIFY_VARIABLES) delete environment[name];
    if (socket === undefined || socket === "") return null;
    const address = notifyAddress(socket);
    const calls = process.platform === "linux" ? systemCalls() : null;
    const descriptor = address === null || calls === null ? -1 : calls.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
    if (address === null || calls === null || descriptor < 0) {
      onProblem(`The socket in NOTIFY_SOCKET cannot be used: ${socket.slice(0, 200)}.`);
      return null;
    }
    return new ServiceManager(calls, descriptor, address, clock, watchdogMs, onProblem);
  }

  /** Reports what the process does, as a sentence. */
  status(text: string): void {
    this.#send({ STATUS: text });
  }

  /** Reports that the start, or a reload, has ended. Does nothing if the process stops already. */
  ready(status: string): void {
    if (!this.#isStopping) this.#send({ READY: "1", STATUS: status });
  }

  /** Reports that a reload begins. `ready` must follow. */
  reloading(): void {
    if (!this.#isStopping)
      this.#send({ RELOADING: "1", MONOTONIC_USEC: this.#monotonicUsec(), STATUS: "Reloading the settings." });
  }

  /** Reports that the process stops, and the time that it may take, in ms. */
  stopping(timeoutMs: number): void {
    this.#isStopping = true;
    const extended = String(Math.ceil(timeoutMs) * 1000);
    this.#send({ STOPPING: "1", EXTEND_TIMEOUT_USEC: extended, STATUS: "Stopping." });
  }

  #watchLater(everyMs: number): void {
    this.#cancelWatchdog = this.clock.after(everyMs, () => {
      this.#sendNow("WATCHDOG=1");
      this.#watchLater(everyMs);
    });
  }

  /** Sends a state. If the receiver's queue is full, sends it again later, unless the state has changed. */
  #send(fields: Readonly<Record<string, string>>): void {
    this.#cancelAgain();
    const error = this.#sendNow(notifyText(fields));
    if (error === null) return;
    if (error === EAGAIN || error === ENOBUFS) {
      this.#cancelAgain = this.clock.after(AGAIN_MS, () => this.#send(fields));
      return;
    }
    this.#cancelWatchdog();
    this.onProblem(`The state of the server could not be sent to NOTIFY_SOCKET (error number ${error}).`);
  }

  /** Returns the number of the error, or null if the message was sent. */
  #sendNow(text: string): number | null {
    const { calls, descriptor, address } = this;
    const bytes = Buffer.from(text);
    const sent = calls.sendto(descriptor, bytes, bytes.length, MSG_DONTWAIT_NOSIGNAL, address, address.length);
    return Number(sent) < 0 ? calls.errorNumber() : null;
  }

  /** The runtime has no clock that counts from the start of the system (Bun 1.4.5). */
  #monotonicUsec(): string {
    const time = new BigInt64Array(2);
    this.calls.clock_gettime(CLOCK_MONOTONIC, time);
    return String(time[0]! * 1_000_000n + time[1]! / 1000n);
  }
}
