import { exceedsDepth, isValidUtf8, jsonDepthMax } from "../../core/json.ts";
import { findSyntaxError } from "../../core/json-syntax.ts";
import { type Invalid, invalid } from "../../core/problem.ts";
import { ByteBudget, type ByteLease } from "./byte-budget.ts";
import { badRequest, tooLarge } from "./errors.ts";

const noBytes = new Uint8Array(0);

/** Maximum size of a body that is not charged to the budget, in bytes. */
const SMALL_BYTES = 16 * 1024;
/** Maximum memory for the bodies of all requests in progress, in bytes. */
const BODIES_BYTES = 128 * 1024 * 1024;

/**
 * Returns the budget for request bodies. One caller may use half of the budget, which is always
 * enough for two bodies of the maximum size.
 */
export function bodyBudget({ maxBodyBytes }: { readonly maxBodyBytes: number }): ByteBudget {
  const bytesMax = Math.max(BODIES_BYTES, 4 * maxBodyBytes);
  return new ByteBudget({ bytesMax, callerBytesMax: bytesMax / 2 });
}

/**
 * Returns a lease for the body of a request, or null if the body is known to be small. The caller
 * ends the lease when it no longer needs the body.
 */
export function bodyLease(request: Request, budget: ByteBudget, caller: string): ByteLease | null {
  const length = request.headers.get("content-length");
  const isSmall = length !== null && Number(length) <= SMALL_BYTES && !request.headers.has("content-encoding");
  return isSmall ? null : budget.lease(caller);
}

/**
 * Reads a request's body, whatever its content type. Throws 413 as soon as the body exceeds
 * `bytesMax`, and 503 if `lease` cannot grow to the body's size.
 */
export async function readBody(request: Request, bytesMax: number, lease: ByteLease | null): Promise<Uint8Array> {
  const length = request.headers.get("content-length");
  if (length !== null && Number(length) > bytesMax) throw tooLarge(bytesMax);
  if (length !== null) lease?.grow(Number(length));
  try {
    // Creating the stream `request.body` costs more than all other steps, so the stream is used
    // only for a body of unknown length.
    if (length !== null) return await request.bytes();
    return request.body === null ? noBytes : await readStream(request.body, bytesMax, lease);
  } catch (error) {
    // The client has closed the connection. It will not read the response, and this is not an error
    // of the server.
    if (error instanceof DOMException)
      throw badRequest("The body is incomplete: the connection was closed while it was sent.");
    throw error;
  }
}

async function readStream(
  stream: ReadableStream<Uint8Array>,
  bytesMax: number,
  lease: ByteLease | null,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks, bytes);
    bytes += value.length;
    if (bytes > bytesMax) {
      void reader.cancel();
      throw tooLarge(bytesMax);
    }
    try {
      lease?.grow(value.length);
    } catch (error) {
      void reader.cancel();
      throw error;
    }
    chunks.push(value);
  }
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Parses a JSON body. Throws 422 if the body is not valid JSON. The error contains no part of the
 * body.
 */
export function parseJson(bytes: Uint8Array): unknown {
  if (!isValidUtf8(bytes)) throw notJson("The body is not valid UTF-8.");
  if (exceedsDepth(bytes)) throw notJson(`The body is nested deeper than ${jsonDepthMax} levels.`);
  const text = utf8.decode(bytes);
  try {
    return JSON.parse(text);
  } catch {
    throw notJson(bytes.length === 0 ? "The body is empty. Send JSON." : syntaxMessage(text));
  }
}

function syntaxMessage(text: string): string {
  const error = findSyntaxError(text);
  if (error === null) return "The body is not valid JSON.";
  const place = `line ${error.line}, column ${error.column}`;
  return error.atEnd
    ? `The body is not valid JSON: it ends too early, at ${place}.`
    : `The body is not valid JSON: unexpected character at ${place}.`;
}

function notJson(msg: string): Invalid {
  return invalid(["body"], msg, "value_error.jsondecode");
}
