/** A long-lived part of the program, such as a loop, a timer or a network listener. */
export interface Service {
  /**
   * Starts the service; repeated calls start it only once. Resolves when the service is running.
   * Rejects if the service cannot start.
   */
  start(): Promise<void>;
  /**
   * Stops the service: it starts nothing new, waits for its current work and releases everything.
   * May be called repeatedly and before `start`; every call resolves when the service has stopped.
   * A stopped service cannot be started again.
   */
  stop(): Promise<void>;
}

/**
 * Implements what `Service` guarantees about repeated and overlapping calls. Subclasses define what
 * runs once.
 */
export abstract class OneLife implements Service {
  #starting: Promise<void> | null = null;
  /** Whether `begin` has completed or failed. */
  #hasBegun = false;
  #stopping: Promise<void> | null = null;

  protected abstract begin(): void | Promise<void>;
  /** Runs once after `begin` has completed or failed, and only if `begin` was called. */
  protected abstract end(): void | Promise<void>;

  get isStopping(): boolean {
    return this.#stopping !== null;
  }

  start(): Promise<void> {
    if (this.#stopping !== null && this.#starting === null) return this.#stopping;
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    try {
      const beginning = this.begin();
      if (beginning instanceof Promise) await beginning;
    } finally {
      this.#hasBegun = true;
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    if (this.#starting === null) return;
    // A failed start may have left resources to release.
    if (!this.#hasBegun) await this.#starting.catch(() => {});
    await this.end();
  }
}

/** Starts services in order and stops them in reverse order. */
export class ServiceStack extends OneLife {
  readonly #started: Service[] = [];

  constructor(private readonly services: readonly Service[]) {
    super();
  }

  /**
   * Starts all services. If one cannot start, stops the services that were started before it and
   * throws its error.
   */
  protected async begin(): Promise<void> {
    try {
      for (const service of this.services) {
        if (this.isStopping) break;
        this.#started.push(service);
        await service.start();
      }
    } catch (error) {
      await this.end();
      throw error;
    }
  }

  protected async end(): Promise<void> {
    const errors: unknown[] = [];
    for (let service = this.#started.pop(); service !== undefined; service = this.#started.pop()) {
      await service.stop().catch((error) => errors.push(error));
    }
    if (errors.length > 0) throw errors[0];
  }
}
