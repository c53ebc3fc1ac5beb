import { exceedsDepth, isValidUtf8, jsonDepthMax } from "../../core/json.ts";
import { findSyntaxError } from "../../core/json-syntax.ts";
import { type Invalid, invalid } from "../../core/problem.ts";
import { badRequest, tooLarge } from "./errors.ts";

const noBytes = new Uint8Array(0);

/**
 * Reads a request's body, whatever its content type. Throws 413 as soon as the body exceeds
 * `bytesMax`.
 */
export async function readBody(request: Request, bytesMax: number): Promise<Uint8Array> {
  const length = request.headers.get("content-length");
  if (length !== null && Number(length) > bytesMax) throw tooLarge(bytesMax);
  try {
    // Creating the stream `request.body` costs more than all other steps, so the stream is used
    // only for a body of unknown length.
    if (length !== null) return await request.bytes();
    return request.body === null ? noBytes : await readStream(request.body, bytesMax);
  } catch (error) {
    // The client has closed the connection. It will not read the response, and this is not an error
    // of the server.
    if (error instanceof DOMException)
      throw badRequest("The body is incomplete: the connection was closed while it was sent.");
    throw error;
  }
}

async function readStream(stream: ReadableStream<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
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
