import { CommandFailed } from "../exit-code.ts";

/** Returns all bytes on stdin. Throws `CommandFailed` if there are more than `bytesMax`. */
export async function bytesOfStdin(bytesMax: number): Promise<Buffer> {
  const bytes = await bytesUpTo(Bun.stdin.stream(), bytesMax);
  if (bytes === null) throw new CommandFailed(`There are more than ${bytesMax} bytes on stdin.`);
  return bytes;
}

/** Returns all bytes of a stream, or null as soon as there are more than `bytesMax`. */
export async function bytesUpTo(stream: ReadableStream<Uint8Array>, bytesMax: number): Promise<Buffer | null> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of stream) {
    bytes += part.length;
    if (bytes > bytesMax) return null;
    parts.push(part);
  }
  return Buffer.concat(parts);
}
