import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";

/** `maxVersion` limits the TLS version: only TLS 1.2 and older can renegotiate. */
const [port, tlsPort, cert, key, maxVersion] = process.argv.slice(2);

const paths = {
  "/port": (request, response) => response.end(String(request.socket.remotePort)),
  "/length": (_request, response, bytes) => response.end(String(bytes)),
  "/empty": (_request, response) => response.writeHead(204).end(),
  "/close": (request, response) => response.setHeader("Connection", "close").end(String(request.socket.remotePort)),
  "/chunked": (_request, response) => {
    response.write("hel");
    setImmediate(() => response.end("lo"));
  },
  "/interim": (_request, response) => {
    response.writeEarlyHints({ link: "</style.css>; rel=preload" });
    response.end("hello");
  },
  "/requests": ({ socket }, response) => response.end(String(requestsOver.get(socket))),
  "/renegotiate": (request, response) => {
    request.socket.renegotiate({}, () => paths["/requests"](request, response));
  },
};

/** The number of requests by connection. */
const requestsOver = new WeakMap();

function serve(request, response) {
  requestsOver.set(request.socket, (requestsOver.get(request.socket) ?? 0) + 1);
  let bytes = 0;
  request.on("data", (chunk) => {
    bytes += chunk.length;
  });
  request.on("end", () => {
    const answer = paths[new URL(request.url, "http://host").pathname];
    if (answer === undefined) response.writeHead(404).end("not found");
    else answer(request, response, bytes);
  });
}

createServer(serve).listen(Number(port), "127.0.0.1");
const tlsOptions = { cert: readFileSync(cert), key: readFileSync(key), maxVersion };
createTlsServer(tlsOptions, serve).listen(Number(tlsPort), "127.0.0.1");
