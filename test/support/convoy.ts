/**
 * A server that responds like the API of Convoy 26, as its OpenAPI document describes it: a body with
 * `status`, `message` and `data`; pages with `content` and `pagination`, which follow a cursor.
 */
type Json = Readonly<Record<string, unknown>>;

export interface ConvoyProject {
  readonly eventTypes: readonly Json[];
  readonly endpoints: readonly Json[];
  readonly subscriptions: readonly Json[];
}

export interface Convoy extends AsyncDisposable {
  readonly url: string;
  readonly key: string;
}

const KEY = "CO.a-key-of-the-tests";

/** Starts a server with the project `p1`. Without a project, every response is an empty object. */
export function startConvoy(project: ConvoyProject | null): Convoy {
  const server = Bun.serve({
    ...{ port: 0, hostname: "127.0.0.1" },
    fetch(request) {
      if (project === null) return Response.json({});
      if (request.headers.get("authorization") !== `Bearer ${KEY}`) return failed(401, "authentication failed");
      const { pathname, searchParams } = new URL(request.url);
      const list = /^\/api\/v1\/projects\/p1\/(event-types|endpoints|subscriptions)$/.exec(pathname)?.[1];
      if (list === undefined) return failed(404, "project not found");
      if (list === "event-types") return Response.json(success(project.eventTypes));
      return Response.json(success(pageOf(project[list as "endpoints" | "subscriptions"], searchParams)));
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    key: KEY,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

function success(data: unknown) {
  return { status: true, message: "Fetched successfully", data };
}

function failed(status: number, message: string): Response {
  return Response.json({ status: false, message }, { status });
}

function pageOf(items: readonly Json[], query: URLSearchParams) {
  const perPage = Number(query.get("perPage") ?? 20);
  const cursor = query.get("next_page_cursor") ?? "";
  const from = cursor === "" ? 0 : items.findIndex(({ uid }) => uid === cursor);
  const next = items[from + perPage];
  const pagination = {
    ...{ per_page: perPage, has_next_page: next !== undefined, has_prev_page: from > 0 },
    ...{ next_page_cursor: next === undefined ? "" : next.uid, prev_page_cursor: "" },
  };
  return { content: items.slice(from, from + perPage), pagination };
}
