import type { Destination, HoldOut, Origin, OriginState, PageOut, Part } from "../../../src/cli/client/move/servers.ts";
import { ServerRefused } from "../../../src/cli/client/server-client.ts";
import { abandonArrival, arriveApplication, findArrival, storePage } from "../../../src/commands/move-destination.ts";
import {
  departApplication,
  holdApplication,
  movesOf,
  type PageWanted,
  readPage,
} from "../../../src/commands/move-origin.ts";
import { Problem } from "../../../src/core/problem.ts";
import type { Kernel } from "../../../src/kernel.ts";
import type { Application, MovePage } from "../../../src/store/index.ts";
import { ROOT } from "../../support/actor.ts";
import type { Site } from "./site.ts";

/** Calls a site for a mover. It may fail at any call, and `often` at those at which an application changes hands. */
export type MoverCall = <T>(site: Site, run: (kernel: Kernel) => Promise<T>, often?: "often") => Promise<T>;

/** Returns a mover's call of a site, in which problems are responses of the server. */
export async function asRefused<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Problem) throw new ServerRefused(error.message, error.status, error.code, null);
    throw error;
  }
}

/** A page as it crosses. */
const crossed = (page: MovePage): string => JSON.stringify(page);

export class SimOrigin implements Origin {
  constructor(
    private readonly site: Site,
    private readonly uid: string,
    private readonly call: MoverCall,
  ) {}

  get url(): string {
    return this.site.url;
  }

  state(): Promise<OriginState> {
    return this.call(this.site, async (kernel) => {
      const { schemaVersion, origin, destination } = movesOf(kernel);
      const about = { schemaVersion, now: kernel.clock.now(), uid: this.uid };
      const found = await this.#find(kernel);
      if (found !== null) {
        const state = destination.arriving.has(found.seq) ? "arriving" : "served";
        return { appId: kernel.ids.encode("app_", found.seq), state, url: null, hold: null, ...about };
      }
      const departure = await origin.departure(this.site.environmentSeq, { uid: this.uid });
      if (departure === null) throw new Problem(404, "not_found", "The application is neither here nor departed.");
      const { applicationSeq, url, hold } = departure;
      return { appId: kernel.ids.encode("app_", applicationSeq), state: "departed", url, hold, ...about };
    });
  }

  hold(hold: string | null, isClosed: boolean): Promise<HoldOut> {
    return this.call(this.site, async (kernel) => holdApplication(kernel, await this.#get(kernel), { hold, isClosed }));
  }

  release(hold: string): Promise<void> {
    return this.call(this.site, async (kernel) => kernel.moveHolds.end((await this.#get(kernel)).seq, hold));
  }

  page(
    _publicKey: string,
    part: Part,
    { after = null, ids = [] }: { after?: string | null; ids?: readonly string[] } = {},
  ): Promise<PageOut> {
    return this.call(this.site, async (kernel) => {
      const { origin } = movesOf(kernel);
      const isHistory = part === "history";
      const departure = isHistory ? await origin.departure(this.site.environmentSeq, { uid: this.uid }) : null;
      const seq = departure?.applicationSeq ?? (await this.#get(kernel)).seq;
      const place = after === null ? null : JSON.parse(after);
      const wanted = {
        ...{ part, after: isHistory ? (place ?? 0) : place },
        seqs: ids.flatMap((id) => kernel.ids.decode("msg_", id) ?? []),
      } as PageWanted;
      const { page, next } = await readPage(kernel, seq, wanted);
      const count = page.part === "waiting" ? page.deliveries.length : "messages" in page ? page.messages.length : 1;
      const later = page.part === "keys" ? JSON.stringify(page.pass.to) : null;
      return { sealed: crossed(page), count, next: next === null ? null : JSON.stringify(next), later };
    });
  }

  depart(hold: string, url: string): Promise<void> {
    return this.call(
      this.site,
      async (kernel) => {
        await departApplication(kernel, await this.#get(kernel), { hold, url, startedBy: ROOT });
      },
      "often",
    );
  }

  #find({ store }: Kernel): Promise<Application | null> {
    return store.configuration.applications.find(this.site.environmentSeq, { uid: this.uid });
  }

  async #get(kernel: Kernel): Promise<Application> {
    const found = await this.#find(kernel);
    if (found === null) throw new Problem(404, "not_found", "Application not found");
    return found;
  }
}

export class SimDestination implements Destination {
  constructor(
    private readonly site: Site,
    private readonly id: string,
    private readonly call: MoverCall,
  ) {}

  get url(): string {
    return this.site.url;
  }

  open(proposal: OriginState) {
    return this.call(this.site, async (kernel) => {
      const arrival = await findArrival(kernel, this.site.environmentSeq, this.id, proposal);
      const state = arrival === null ? "absent" : arrival.arrivedAt === null ? "arriving" : "arrived";
      const { hold = null, historyTo = 0 } = arrival ?? {};
      return { state, hold, historyTo: String(historyTo), publicKey: "" } as const;
    });
  }

  store({ sealed }: PageOut, hold: string | null = null): Promise<readonly string[]> {
    return this.call(this.site, async (kernel) => {
      const page = JSON.parse(sealed) as MovePage;
      return (await storePage(kernel, this.site.environmentSeq, this.id, { page, hold })).missing;
    });
  }

  abandon(hold: string | null): Promise<void> {
    return this.call(this.site, (kernel) => abandonArrival(kernel, this.id, hold));
  }

  arrive(hold: string): Promise<void> {
    return this.call(this.site, (kernel) => arriveApplication(kernel, this.id, hold), "often");
  }
}
