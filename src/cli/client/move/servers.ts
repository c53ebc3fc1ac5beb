import { TOKEN_VARIABLE } from "../../../config/index.ts";
import { CommandFailed } from "../../exit-code.ts";
import { expectedFields } from "../expected-form.ts";
import { type ServerClient, ServerRefused } from "../server-client.ts";

/** The state of an application at the server that it leaves. */
export interface OriginState {
  readonly appId: string;
  readonly uid: string | null;
  readonly state: "served" | "arriving" | "departed" | "deleted";
  readonly url: string | null;
  readonly hold: string | null;
  readonly schemaVersion: number;
  readonly now: number;
}

export interface ArrivalState {
  readonly state: "absent" | "arriving" | "arrived";
  readonly hold: string | null;
  readonly historyTo: string;
  readonly publicKey: string;
}

const ORIGIN_FIELDS = {
  appId: "string",
  uid: "string?",
  state: ["served", "arriving", "departed", "deleted"],
  url: "string?",
  hold: "string?",
  schemaVersion: "number",
  now: "number",
} as const;
const ARRIVAL_FIELDS = {
  state: ["absent", "arriving", "arrived"],
  hold: "string?",
  historyTo: "string",
  publicKey: "string",
} as const;
const HOLD_FIELDS = { hold: "string", attemptsUnderWay: "number" } as const;
const PAGE_FIELDS = { sealed: "string", count: "number", next: "string?", later: "string?" } as const;

export type Part = "settings" | "polled" | "waiting" | "messages" | "keys" | "history";

export interface HoldOut {
  readonly hold: string;
  readonly attemptsUnderWay: number;
}

export interface PageOut {
  readonly sealed: string;
  readonly count: number;
  readonly next: string | null;
  /** Where the keys that are stored later are read from. Null unless the page has keys. */
  readonly later: string | null;
}

/** What a move calls at the server that an application leaves. */
export type Origin = Pick<OriginServer, keyof OriginServer>;
/** What a move calls at the server to which an application moves. */
export type Destination = Pick<DestinationServer, keyof DestinationServer>;

export class OriginServer {
  readonly #path: string;

  constructor(
    private readonly client: ServerClient,
    private readonly application: string,
  ) {
    this.#path = `/api/v1/app/${encodeURIComponent(application)}/move`;
  }

  get url(): string {
    return this.client.server;
  }

  async state(): Promise<OriginState> {
    const names = { Application: this.application };
    const state = await asRoot(this.client, () => this.client.get(this.#path, names));
    return expectedFields(this.client.server, state, ORIGIN_FIELDS);
  }

  async hold(hold: string | null, closed: boolean): Promise<HoldOut> {
    const held = await this.client.post(`${this.#path}/hold`, { hold, closed });
    return expectedFields(this.client.server, held, HOLD_FIELDS);
  }

  async release(hold: string): Promise<void> {
    await this.client.delete(`${this.#path}/hold/${encodeURIComponent(hold)}`);
  }

  async page(
    publicKey: string,
    part: Part,
    from: { after?: string | null; ids?: readonly string[] } = {},
  ): Promise<PageOut> {
    const page = await this.client.post(`${this.#path}/page`, { publicKey, part, ...from });
    return expectedFields(this.client.server, page, PAGE_FIELDS);
  }

  async depart(hold: string, url: string): Promise<void> {
    await this.client.post(`${this.#path}/depart`, { hold, url });
  }
}

export class DestinationServer {
  readonly #path: string;

  constructor(
    private readonly client: ServerClient,
    applicationId: string,
  ) {
    this.#path = `/api/v1/arrival/${encodeURIComponent(applicationId)}`;
  }

  get url(): string {
    return this.client.server;
  }

  async open({ uid, schemaVersion, now }: OriginState): Promise<ArrivalState> {
    try {
      const state = await asRoot(this.client, () => this.client.post(this.#path, { uid, schemaVersion, now }));
      return expectedFields(this.url, state, ARRIVAL_FIELDS);
    } catch (error) {
      // The operation itself never responds with this code, so the server does not have it.
      if (error instanceof ServerRefused && error.status === 404 && error.code === "not_found") {
        throw new ServerRefused(
          `The server at ${this.url} cannot take applications. Upgrade it.`,
          404,
          error.code,
          null,
        );
      }
      throw error;
    }
  }

  async store({ sealed }: PageOut, hold: string | null = null): Promise<readonly string[]> {
    const stored = await this.client.post(`${this.#path}/page`, { sealed, hold });
    return expectedFields<{ missing: readonly string[] }>(this.url, stored, { missing: "strings" }).missing;
  }

  async abandon(hold: string | null): Promise<void> {
    await this.client.post(`${this.#path}/abandon`, { hold });
  }

  async arrive(hold: string): Promise<void> {
    await this.client.post(`${this.#path}/arrive`, { hold });
  }
}

/** Makes a request that needs a root token, and names the server whose token is not one. */
async function asRoot(client: ServerClient, request: () => Promise<unknown>): Promise<unknown> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof ServerRefused) || error.code !== "insufficient_access") throw error;
    const variable = client.access.second?.tokenVariable ?? TOKEN_VARIABLE;
    throw new CommandFailed(
      `The token for the server at ${client.server} is not a root token. Set ${variable} to its root token.`,
    );
  }
}
