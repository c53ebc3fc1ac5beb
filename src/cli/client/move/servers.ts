import { type ServerClient, ServerRefused } from "../server-client.ts";

/** The state of an application at the server that it leaves. */
export interface OriginState {
  readonly appId: string;
  readonly uid: string | null;
  readonly state: "served" | "departed";
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

export type Part = "settings" | "waiting" | "messages" | "history";

export interface PageOut {
  readonly sealed: string;
  readonly count: number;
  readonly next: string | null;
}

/** The server that an application leaves. */
export class Origin {
  readonly #path: string;

  constructor(
    private readonly client: ServerClient,
    private readonly application: string,
  ) {
    this.#path = `/api/v1/app/${encodeURIComponent(application)}/move`;
  }

  state(): Promise<OriginState> {
    return this.client.get(this.#path, { Application: this.application }) as Promise<OriginState>;
  }

  hold(hold: string | null, closed: boolean): Promise<{ readonly hold: string; readonly attemptsUnderWay: number }> {
    return this.client.post(`${this.#path}/hold`, { hold, closed }) as Promise<{
      hold: string;
      attemptsUnderWay: number;
    }>;
  }

  async release(hold: string): Promise<void> {
    await this.client.delete(`${this.#path}/hold/${encodeURIComponent(hold)}`);
  }

  page(publicKey: string, part: Part, from: { after?: string | null; ids?: readonly string[] } = {}): Promise<PageOut> {
    return this.client.post(`${this.#path}/page`, { publicKey, part, ...from }) as Promise<PageOut>;
  }

  async depart(hold: string, url: string): Promise<void> {
    await this.client.post(`${this.#path}/depart`, { hold, url });
  }
}

/** The server to which an application moves. */
export class Destination {
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
      return (await this.client.post(this.#path, { uid, schemaVersion, now })) as ArrivalState;
    } catch (error) {
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
    return (stored as { readonly missing: readonly string[] }).missing;
  }

  async arrive(hold: string): Promise<void> {
    await this.client.post(`${this.#path}/arrive`, { hold });
  }
}
