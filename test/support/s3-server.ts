/** A server that speaks as much of S3 as a replica needs: put, get, list and delete of objects. */
export interface S3Server extends Disposable {
  readonly objects: ReadonlyMap<string, Uint8Array>;
  /** The variables with which a program uses this server. */
  readonly env: Readonly<Record<string, string>>;
  /** Status of all responses while it is set. */
  failing: number | null;
  /** Time in ms before each response. */
  delayMs: number;
  /** Methods of the requests so far. */
  readonly requests: readonly string[];
}

const BUCKET = "copies";

/** Starts a server with the empty bucket `copies` on a free port of 127.0.0.1. */
export function startS3(): S3Server {
  const objects = new Map<string, Uint8Array>();
  const requests: string[] = [];
  const s3 = { objects, requests, failing: null as number | null, delayMs: 0 };
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      requests.push(request.method);
      if (s3.delayMs > 0) await Bun.sleep(s3.delayMs);
      if (s3.failing !== null) return errorOf(s3.failing, "InternalError");
      const { pathname, searchParams } = new URL(request.url);
      const [, bucket, ...rest] = pathname.split("/");
      if (request.headers.get("authorization")?.startsWith("AWS4-HMAC-SHA256") !== true)
        return errorOf(403, "AccessDenied");
      if (bucket !== BUCKET) return errorOf(404, "NoSuchBucket");
      const key = decodeURIComponent(rest.join("/"));
      if (searchParams.get("list-type") === "2") return list(objects, searchParams);
      return object(request, key, objects);
    },
  });
  const env = {
    S3_ENDPOINT: `http://127.0.0.1:${server.port}`,
    S3_ACCESS_KEY_ID: "id",
    S3_SECRET_ACCESS_KEY: "secret",
  };
  return Object.assign(s3, { env, [Symbol.dispose]: () => void server.stop(true) });
}

async function object(request: Request, key: string, objects: Map<string, Uint8Array>): Promise<Response> {
  if (request.method === "PUT") {
    const bytes = await request.bytes();
    // An object that was not sent completely does not appear.
    if (Number(request.headers.get("content-length")) !== bytes.length) return errorOf(400, "IncompleteBody");
    objects.set(key, bytes);
    return new Response(null, { headers: { etag: '"0"' } });
  }
  if (request.method === "DELETE") {
    objects.delete(key);
    return new Response(null, { status: 204 });
  }
  const bytes = objects.get(key);
  return bytes === undefined ? errorOf(404, "NoSuchKey") : new Response(Buffer.from(bytes));
}

/** Responds with pages of 7 names, so that even small lists have several pages. */
function list(objects: ReadonlyMap<string, Uint8Array>, query: URLSearchParams): Response {
  const from = query.get("continuation-token") ?? "";
  const prefix = query.get("prefix") ?? "";
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > from).sort();
  const page = keys.slice(0, 7);
  const isTruncated = keys.length > page.length;
  const contents = page.map((key) => `<Contents><Key>${key}</Key><Size>${objects.get(key)!.length}</Size></Contents>`);
  const next = isTruncated ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : "";
  return xml(
    `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${BUCKET}</Name><Prefix>${prefix}</Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>7</MaxKeys><IsTruncated>${isTruncated}</IsTruncated>${next}${contents.join("")}</ListBucketResult>`,
  );
}

function errorOf(status: number, code: string): Response {
  return xml(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`, status);
}

function xml(text: string, status = 200): Response {
  return new Response(`<?xml version="1.0" encoding="UTF-8"?>${text}`, {
    status,
    headers: { "content-type": "application/xml" },
  });
}
