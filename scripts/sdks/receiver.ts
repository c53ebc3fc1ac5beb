import { rename } from "node:fs/promises";
import { join } from "node:path";

/** An endpoint that responds with 200 and stores each webhook for programs in any language. */
export interface FileReceiver {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Listens on a free port of 127.0.0.1. Each webhook is written to `<directory>/<webhook-id>.json`
 * as `{headers, body}`, with header names in lower case. The response is sent after the write, so
 * the file is complete when an attempt has succeeded.
 */
export function startFileReceiver(directory: string): FileReceiver {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const body = await request.text();
      const headers = Object.fromEntries(request.headers);
      const id = (headers["webhook-id"] ?? headers["svix-id"] ?? "unnamed").replaceAll(/\W/g, "_");
      const file = join(directory, `${id}.json`);
      // Readers must never see a partial file, even if the same message arrives again.
      const unfinished = `${file}.${crypto.randomUUID()}`;
      await Bun.write(unfinished, JSON.stringify({ headers, body }));
      await rename(unfinished, file);
      return new Response("ok");
    },
  });
  return { url: `http://127.0.0.1:${server.port}/`, stop: () => server.stop(true) };
}
