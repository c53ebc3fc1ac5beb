import { clientOf, type Send } from "../client.ts";
import { type Receiver, startReceiver } from "../receiver.ts";
import { startServer, type TestServer } from "../server.ts";
import { soon } from "../soon.ts";
import { type MadeSource, makeSource } from "../source.ts";

export const SOURCES = "/ingest/api/v1/source";
const WAIT_MS_MAX = 60_000;

/** A server whose sources take messages from a broker, and the receiver of these messages. */
export interface SourceWorld extends AsyncDisposable {
  readonly server: TestServer;
  readonly send: Send;
  /** Creates a source and an endpoint at the receiver. */
  makeSource(type: string, url: string, fields?: object, endpoint?: object): Promise<MadeSource>;
  /** Returns a source, as the API shows it. */
  get(source: Pick<MadeSource, "id">): Promise<SourceOut>;
  patch(source: Pick<MadeSource, "id">, change: object): ReturnType<Send>;
  /** Waits until the connection of a source is in a state, with an error that contains a text. */
  untilConnection(source: Pick<MadeSource, "id">, state: string, text?: string): Promise<void>;
  /** Waits until `count` messages of a source have been delivered. Returns them in order, each once. */
  arrived(source: MadeSource, count: number): Promise<readonly Arrived[]>;
}

/** A source, as the API returns it. */
interface SourceOut {
  readonly disabled: boolean;
  readonly ingestUrl: string | null;
  readonly config: Readonly<Record<string, unknown>>;
  readonly connection: { readonly state: string; readonly error: string | null } | null;
  readonly counts: Readonly<Record<string, number>>;
}

export interface Arrived {
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

export async function sourceWorld(...args: readonly string[]): Promise<SourceWorld> {
  const server = await startServer(["--retry-schedule=1s", ...args]);
  const send = clientOf(server.url);
  const receiver = startReceiver();
  const world: SourceWorld = {
    server,
    send,
    makeSource: (type, url, { config, ...fields }: { config?: object } = {}, endpoint = {}) =>
      makeSource(send, receiver.url, { fields: { type, config: { url, ...config }, ...fields }, endpoint }),
    get: async ({ id }) => (await send("GET", `${SOURCES}/${id}`)).json,
    patch: ({ id }, change) => send("PATCH", `${SOURCES}/${id}`, change),
    async untilConnection(source, state, text = "") {
      const isIn = ({ connection }: SourceOut) =>
        connection?.state === state && (connection.error ?? "").includes(text);
      await soon(() => world.get(source), isIn, WAIT_MS_MAX);
    },
    arrived: (source, count) =>
      soon(
        () => arrivedAt(receiver, source),
        ({ length }) => length >= count,
        WAIT_MS_MAX,
      ),
    async [Symbol.asyncDispose]() {
      await server.stop();
      await receiver[Symbol.asyncDispose]();
    },
  };
  return world;
}

function arrivedAt(receiver: Receiver, { uid }: MadeSource): Arrived[] {
  const own = receiver.received.filter(({ headers }) => headers.get("boathook-source") === uid);
  const byId = new Map(own.map((request) => [request.id, request]));
  return [...byId.values()].map(({ body, headers }) => ({
    text: body.toString(),
    headers: Object.fromEntries(headers as unknown as Iterable<[string, string]>),
  }));
}

/** Returns `count` different texts. */
export function bodies(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `{"message":${i}}`);
}
