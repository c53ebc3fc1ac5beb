import { StoreUnavailable } from "../../src/store/index.ts";
import { EVENTS, SOURCE_EVENTS } from "./events.ts";
import type { EventName, SourceEventName } from "./rates.ts";
import type { Event } from "./scene.ts";
import { Crash } from "./steps.ts";
import type { Target } from "./watch/in-flight.ts";
import type { World } from "./world.ts";

/** The calls that events make. A call ends with its response, or with the life of the program. */
export class Calls {
  /** Calls in this life of the program that have not returned. */
  readonly #open = new Set<Promise<void>>();

  constructor(private readonly world: World) {}

  get areOpen(): boolean {
    return this.#open.size > 0;
  }

  /**
   * Starts an event. Resolves when its callers have their responses. If the program crashes first,
   * the promise may never resolve.
   */
  launch(event: Event, target: Target | null = null): Promise<void> {
    const { world } = this;
    const call = event(world, world.program, target).catch((error: unknown) => {
      if (error instanceof StoreUnavailable || error instanceof Crash) return;
      world.checks.violation(`a call failed: ${error instanceof Error ? error.stack : error}`);
    });
    this.#open.add(call);
    void call.finally(() => this.#open.delete(call));
    return call;
  }

  /** Starts an event and lets time pass until it is done or the program has crashed. */
  async do(event: Event): Promise<void> {
    const { program, steps } = this.world;
    let isDone = false;
    void this.launch(event).finally(() => {
      isDone = true;
    });
    await steps.until(() => isDone || !program.isAlive);
  }

  /** Lets time pass until every call has returned or the program has crashed. */
  async untilReturned(): Promise<void> {
    const { program, steps } = this.world;
    await steps.until(() => !this.areOpen || !program.isAlive);
  }

  readonly later = (delayMs: number, name: EventName, target: Target | null): void => {
    this.#launchLater(delayMs, EVENTS[name], target);
  };

  readonly laterAtSource = (delayMs: number, name: SourceEventName): void => {
    this.#launchLater(delayMs, SOURCE_EVENTS[name], null);
  };

  programEnded(): void {
    this.#open.clear();
  }

  #launchLater(delayMs: number, event: Event, target: Target | null): void {
    const { world } = this;
    const { program } = world;
    const { mode } = world.aims;
    world.clock.at(delayMs, () => {
      const isStill = program === world.program && !world.lives.isStopping && mode === world.aims.mode;
      if (isStill) void this.launch(event, target);
    });
  }
}
