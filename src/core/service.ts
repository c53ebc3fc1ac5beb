/** Something that lives long: a loop, a timer, a listener on the network. */
export interface Service {
  /** Called more than once, it starts once. Resolves when the service works; rejects when it cannot. */
  start(): Promise<void>;
  /**
   * Starts nothing new, waits for what is under way, and releases everything. Called more than once, or before `start`, it
   * does no harm; every call resolves when the service has stopped. A stopped service is not started again.
   */
  stop(): Promise<void>;
}

/** Keeps the promises of `Service` about repeated and overlapping calls; subclasses only say what to do once. */
export abstract class OneLife implements Service {
  #starting: Promise<void> | null = null;
  /** `begin` has ended, one way or the other. */
  #hasBegun = false;
  #stopping: Promise<void> | null = null;

  protected abstract begin(): void | Promise<void>;
  /** Runs once, after `begin` has ended, and only if it has been called. */
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
    // A start that failed half-way may have left something to end.
    if (!this.#hasBegun) await this.#starting.catch(() => {});
    await this.end();
  }
}

/** Starts services one after the other and stops them in reverse order. */
export class ServiceStack extends OneLife {
  readonly #started: Service[] = [];

  constructor(private readonly services: readonly Service[]) {
    super();
  }

  /** When a service cannot start, those before it are stopped again and its error is thrown. */
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
