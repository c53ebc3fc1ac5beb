import { connect, createServer, type Socket } from "node:net";

/** An HTTP proxy that reaches one server, whatever name it is asked for. */
export interface ConnectProxy extends Disposable {
  /** URL with a user and a password. */
  readonly url: string;
  /** The first lines and the credentials of the requests. */
  readonly seen: readonly string[];
}

/** Starts a proxy in front of the server at this URL. It supports CONNECT and plain requests. */
export async function startConnectProxy(serverUrl: string): Promise<ConnectProxy> {
  const { hostname, port } = new URL(serverUrl);
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    sockets.add(client);
    client.on("error", () => client.destroy());
    client.once("data", (first) => {
      const [line = "", ...headers] = first.toString("latin1").split("\r\n");
      const credentials =
        headers
          .find((header) => /^proxy-authorization:/i.test(header))
          ?.split(" ")
          .at(-1) ?? "";
      seen.push(`${line} ${atob(credentials)}`);
      const upstream = connect(Number(port), hostname);
      sockets.add(upstream);
      upstream.on("error", () => client.destroy());
      if (line.startsWith("CONNECT ")) client.write("HTTP/1.1 200 OK\r\n\r\n");
      else upstream.write(forwarded(first.toString("latin1")), "latin1");
      client.pipe(upstream).pipe(client);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = proxy.address() as { readonly port: number };
  return {
    url: `http://user:pass%40word@127.0.0.1:${address.port}`,
    seen,
    [Symbol.dispose]() {
      proxy.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Returns a request as a server expects it. It is the only one of its connection. */
function forwarded(request: string): string {
  return request
    .replace(/^(\S+) http:\/\/[^/]+/, "$1 ")
    .replace(/^(proxy-)?connection: .*\r\n/gim, "")
    .replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
}
