/** A request that a fake server of the API got. */
export interface SeenRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed body, or null if there was none. */
  readonly body: unknown;
}

export interface FakeApi extends Disposable {
  /** URL without a trailing slash. */
  readonly url: string;
  readonly seen: readonly SeenRequest[];
}

/** Starts a server that stands in for the API in tests of commands, and keeps the requests. */
export function fakeApi(respond: (request: SeenRequest) => Response): FakeApi {
  const seen: SeenRequest[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const text = await request.text();
      const body: unknown = text === "" ? null : JSON.parse(text);
      const headers = Object.fromEntries(request.headers);
      const one = { method: request.method, path: pathname + search, headers, body };
      seen.push(one);
      return respond(one);
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, seen, [Symbol.dispose]: () => void server.stop(true) };
}
