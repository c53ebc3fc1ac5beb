import { openSync, readFileSync } from "node:fs";
import { AcceptedSockets } from "../../src/edge/accepted-sockets.ts";

/**
 * A program that accepts connections until no descriptor is free. It prints the size of the table of
 * descriptors at first, how many connections it has accepted, and how many of them are found.
 */

const CLIENTS = 150;

function tableSize(): number {
  return Number(/^FDSize:\s+(?<size>\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.groups?.size);
}

let accepted = 0;
const all = Promise.withResolvers<void>();
const server = Bun.listen({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    open() {
      accepted++;
      if (accepted === CLIENTS) all.resolve();
    },
    data() {},
  },
});
const sockets = AcceptedSockets.open()!;
sockets.read([server.port]);
const sizeAtFirst = tableSize();
for (let i = 0; i < CLIENTS; i++) {
  await Bun.connect({ hostname: "127.0.0.1", port: server.port, socket: { data() {} } });
}
await all.promise;
try {
  for (;;) openSync("/dev/null", "r");
} catch {
  // No descriptor is free now.
}
const found = sockets.read([server.port]).accepted.length;
console.log(JSON.stringify({ sizeAtFirst, accepted, found }));
process.exit(0);
