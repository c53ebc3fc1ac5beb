import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";

const [port, tlsPort, cert, key] = process.argv.slice(2);

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
};

function serve(request, response) {
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
createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, serve).listen(Number(tlsPort), "127.0.0.1");
