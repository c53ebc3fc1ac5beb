/** A server of the API that sends frames over each WebSocket and closes it. */
export interface FakeStream extends Disposable {
  /** URL without a trailing slash. */
  readonly url: string;
}

/** `respond` returns the bodies of the other responses by their paths, without the query. */
export function fakeStream(frames: readonly object[], respond: (path: string) => object): FakeStream {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request, upgrading): Response | undefined {
      const { pathname } = new URL(request.url);
      if (!request.headers.has("upgrade")) return Response.json(respond(pathname));
      return upgrading.upgrade(request) ? undefined : new Response(null, { status: 400 });
    },
    websocket: {
      open(socket) {
        for (const frame of frames) socket.send(JSON.stringify(frame));
        socket.close();
      },
      message() {},
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, [Symbol.dispose]: () => void server.stop(true) };
}
