import { describe, expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { connectError, connectShortage } from "../../src/edge/connect-error.ts";

const EDGE = join(import.meta.dir, "..", "..", "src", "edge");

/** Evaluates an expression in a process that has no file descriptor left. */
async function withoutDescriptors(expression: string): Promise<unknown> {
  const program = `
    import { openSync, writeSync } from "node:fs";
    import { connectError, connectShortage, socketError } from "${EDGE}/connect-error.ts";
    import { HttpClient } from "${EDGE}/http-client/client.ts";
    import { lookUp, NameService } from "${EDGE}/name-service.ts";
    // Loads the C library, which needs a descriptor.
    socketError();
    const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const url = new URL("http://127.0.0.1:" + server.port);
    const request = {
      url, addresses: ["127.0.0.1"], headers: [], body: new Uint8Array(0), timeoutMs: 1000, responseBytesMax: 0,
    };
    try { for (;;) openSync("/dev/null", "r"); } catch {}
    const result = await (${expression});
    writeSync(1, JSON.stringify(result));
    process.exit();
  `;
  const command = ["sh", "-c", 'ulimit -n 128; exec "$0" "$@"', process.execPath, "-e", program];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "inherit" });
  return JSON.parse(await new Response(child.stdout).text());
}

describe("without a free file descriptor", () => {
  const shortage = { kind: "shortage", resource: "open-files", detail: expect.stringContaining("EMFILE") };

  test("without a free file descriptor, a connection fails with EMFILE and not as refused", async () => {
    expect(await withoutDescriptors('connectError("127.0.0.1", server.port)')).toBe("EMFILE");
  });

  test("without a free file descriptor, a request reports a shortage, not a failure of the receiver", async () => {
    const sent = "new HttpClient().send(request, new AbortController().signal)";
    expect(await withoutDescriptors(sent)).toEqual(shortage);
  });

  test("without a free file descriptor, a lookup reports a shortage of open files, not of name servers", async () => {
    const asked = 'new NameService(lookUp, "c-ares").ask("a.test.", new AbortController().signal)';
    expect(await withoutDescriptors(asked)).toEqual({ kind: "unreachable", shortage });
  });
});

describe("the error of a connection", () => {
  test("a port that nobody listens on refuses the connection", () => {
    expect([connectError("127.0.0.1", 1), connectError("::1", 1)]).toEqual(["ECONNREFUSED", "ECONNREFUSED"]);
  });

  test("a connection error counts as a shortage only if this machine lacks a network or a local port", () => {
    const hasNetwork = Object.values(networkInterfaces()).some((all) => all?.some(({ internal }) => !internal));
    expect(connectShortage("ENETUNREACH", "192.0.2.1") === null).toBe(hasNetwork);
    expect(connectShortage("EADDRNOTAVAIL", "127.0.0.1")).toMatchObject({ resource: "local-ports" });
    expect(connectShortage("ECONNREFUSED", "127.0.0.1")).toBeNull();
  });
});
