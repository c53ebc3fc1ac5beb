import { exceedsDepth, isValidUtf8, jsonDepthMax } from "../../core/json.ts";
import { type Invalid, invalid } from "../../core/problem.ts";
import { badRequest, tooLarge } from "./errors.ts";

const noBytes = new Uint8Array(0);

/** The bytes of a request's body, whatever its content type. More than `bytesMax` is 413, before it is all read. */
export async function readBody(request: Request, bytesMax: number): Promise<Uint8Array> {
  const length = request.headers.get("content-length");
  if (length !== null && Number(length) > bytesMax) throw tooLarge(bytesMax);
  try {
    // `request.body` makes a stream, which costs more than all the rest: only a body of unknown length is read through it.
    if (length !== null) return await request.bytes();
    return request.body === null ? noBytes : await readStream(request.body, bytesMax);
  } catch (error) {
    // The connection broke: nobody will read the answer, and nothing is wrong with the server.
    if (error instanceof DOMException) throw badRequest("The body ended before all of it had come.");
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

/** Parses a body that must be JSON. What it says about a bad one never repeats any of it. */
export function parseJson(bytes: Uint8Array): unknown {
  if (!isValidUtf8(bytes)) throw notJson("The body is not valid UTF-8.");
  if (exceedsDepth(bytes)) throw notJson(`The body is nested deeper than ${jsonDepthMax} levels.`);
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    throw notJson(bytes.length === 0 ? "A JSON body is expected; it is empty." : "The body is not valid JSON.");
  }
}

function notJson(msg: string): Invalid {
  return invalid(["body"], msg, "value_error.jsondecode");
}
