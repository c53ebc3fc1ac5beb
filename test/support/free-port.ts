/**
 * Ports that the system gives to nobody by itself on Linux, so that no other server or connection
 * takes one before the program that it is meant for.
 */
const FIRST = 20_000;
const COUNT = 12_768;

/** Returns a port of 127.0.0.1 that is free at the moment. */
export function freePort(): number {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    try {
      Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
}
