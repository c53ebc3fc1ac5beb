import { VirtualClock } from "../clock.ts";
import { Crash } from "./site.ts";

/** The time of a world, in which all its calls run. */
export class Timeline {
  readonly clock: VirtualClock;

  constructor(
    private readonly startAt: number,
    private readonly violation: (text: string) => void,
  ) {
    this.clock = new VirtualClock(startAt);
  }

  /** Time since the world began, in ms. */
  get now(): number {
    return this.clock.now - this.startAt;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.at(ms, resolve));
  }

  /** Lets a call run. It must not fail. */
  launch(call: Promise<unknown>): void {
    call.catch((error) => {
      if (!(error instanceof Crash)) this.violation(`a call failed: ${error?.stack ?? error}`);
    });
  }

  /** Lets time pass until a call has ended. */
  async do<T>(call: Promise<T>): Promise<T> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    call.then(done, done);
    await this.until(() => isDone);
    return call;
  }

  /** Lets time pass. */
  async until(isOver: () => boolean): Promise<void> {
    await macrotask();
    while (!isOver()) {
      const event = this.clock.next();
      if (event === null) throw new Error("Nothing happens any more.");
      try {
        event.task();
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
      await macrotask();
    }
  }
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
