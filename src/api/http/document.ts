import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Elysia } from "elysia";
import type { Clock } from "../../ports.ts";
import { corsHeaders } from "./cors.ts";
import type { LargeFiles } from "./large-files.ts";
import { ApiDocument } from "./openapi.ts";
import type { Operation } from "./operation.ts";
import { acceptsGzip } from "./static.ts";

export interface DocumentParts {
  readonly operations: readonly Operation[];
  readonly version: string;
  /** The path of the public URL, if it has one. */
  readonly prefix: string;
  readonly clock: Pick<Clock, "soon">;
  readonly files: LargeFiles;
}

/** The OpenAPI document in the forms in which it is sent. */
interface Encoded {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
}

const compress = promisify(gzip);

/** Serves the OpenAPI document, which is generated on first request. */
export function addDocument(api: Elysia, parts: DocumentParts): void {
  let document: Promise<Encoded> | null = null;
  const handler = async ({ request }: { request: Request }) => {
    document ??= encodedDocument(parts);
    const { body, gzip: compressed } = await document;
    const isGzip = acceptsGzip(request.headers.get("accept-encoding"));
    const headers = {
      "content-type": "application/json",
      "cache-control": "no-store",
      vary: "accept-encoding",
      ...corsHeaders,
      ...(isGzip && { "content-encoding": "gzip" }),
    };
    return parts.files.send(isGzip ? compressed : body, { headers });
  };
  for (const path of ["/docs/json", "/api/v1/openapi.json"]) api.get(path, handler);
}

/** Number of operations that are documented in one turn of the event loop. */
const OPERATIONS_AT_ONCE = 25;

/** Generates the document in steps of a few ms, one per turn of the event loop. */
async function encodedDocument({ operations, version, prefix, clock }: DocumentParts): Promise<Encoded> {
  const turn = () => new Promise<void>((resolve) => clock.soon(resolve));
  const { toOpenAPISchema } = await import("@elysiajs/openapi");
  const document = new ApiDocument(toOpenAPISchema);
  for (let at = 0; at < operations.length; at += OPERATIONS_AT_ONCE) {
    await turn();
    document.add(operations.slice(at, at + OPERATIONS_AT_ONCE));
  }
  await turn();
  const body = new Uint8Array(Buffer.from(JSON.stringify(document.document(version, prefix))));
  return { body, gzip: new Uint8Array(await compress(body)) };
}
