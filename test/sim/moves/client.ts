import { Problem } from "../../../src/core/problem.ts";
import type { Kernel } from "../../../src/kernel.ts";
import { checkDeparted, unlessDeparted } from "../../../src/store/departed.ts";
import type { Application } from "../../../src/store/index.ts";
import { StoreUnavailable } from "../../../src/store/index.ts";
import { Crash, Died, type Site } from "./site.ts";

export interface Reached {
  readonly kernel: Kernel;
  readonly application: Application;
  readonly site: Site;
}

/** A client that follows an application to its place. */
export class Client {
  #place: Site;

  constructor(
    private readonly sites: readonly Site[],
    private readonly uid: string,
    /** How long a request waits before it does something. `isLong`: it may wait until the application departs. */
    private readonly pause: (isLong: boolean) => Promise<void>,
  ) {
    this.#place = sites[0]!;
  }

  /** The site that had the application at the last request. */
  get place(): Site {
    return this.#place;
  }

  /**
   * Calls the site that has the application. Resolves with null if it is dead or refuses the request
   * because of a move. Rejects with any other problem.
   */
  async request<T>(run: (reached: Reached) => Promise<T>, isLong = false): Promise<T | null> {
    const site = this.#place;
    try {
      return await site.call(async (kernel) => {
        return unlessDeparted(kernel, site.environmentSeq, this.uid, async () => {
          const application = await this.#find(site, kernel);
          await this.pause(isLong);
          return run({ kernel, site, application });
        });
      });
    } catch (error) {
      if (error instanceof Died || error instanceof Crash || error instanceof StoreUnavailable) return null;
      if (!(error instanceof Problem)) throw error;
      if (error.status === 503) return null;
      if (error.status !== 421) throw error;
      this.#place = this.sites.find(({ url }) => error.message.includes(url))!;
      return null;
    }
  }

  async #find({ environmentSeq }: Site, { store, directory }: Kernel): Promise<Application> {
    const application = await store.configuration.applications.find(environmentSeq, { uid: this.uid });
    if (application === null) {
      await checkDeparted({ store }, environmentSeq, { uid: this.uid });
      throw new Problem(404, "not_found", "The application is nowhere.");
    }
    directory.checkServed(application.seq);
    return application;
  }
}
