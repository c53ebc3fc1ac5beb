import { CommandFailed } from "../exit-code.ts";

/** Returns all bytes on stdin. Throws `CommandFailed` if there are more than `bytesMax`. */
export async function bytesOfStdin(bytesMax: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of Bun.stdin.stream()) {
    bytes += part.length;
    if (bytes > bytesMax) throw new CommandFailed(`There are more than ${bytesMax} bytes on stdin.`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
