import { afterEach, describe, expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { dial } from "../../src/edge/http-client/dial.ts";
import { limitAccepted, withKeptDescriptor } from "../../src/edge/kept-descriptors.ts";
import { lookUp } from "../../src/edge/name-service.ts";
import { openFilesMax } from "../../src/edge/open-files.ts";
import { freePort } from "../support/free-port.ts";

function lowestFree(): number {
  const descriptor = openSync("/dev/null", "r");
  closeSync(descriptor);
  return descriptor;
}

/** Lowers the limit so that no descriptor is free. Loads everything that needs one before. */
async function useUp(): Promise<void> {
  await lookUp("four.before.test", "c-ares");
  limitAccepted(lowestFree());
  expect(lowestFree).toThrow("EMFILE");
}

function dialed(port: number): Promise<string> {
  return new Promise((resolve) => {
    dial(
      { address: "127.0.0.1", port },
      (socket) => {
        socket.terminate();
        resolve("open");
      },
      resolve,
    );
  });
}

describe.if(process.platform === "linux")("while clients cannot use more descriptors", () => {
  afterEach(() => limitAccepted(null));

  test("a file can be opened only with a kept descriptor, and afterwards the limit is as low as before", async () => {
    await useUp();
    closeSync(withKeptDescriptor(() => openSync("/dev/null", "r")));
    expect(lowestFree).toThrow("EMFILE");
  });

  test("several connections can be opened at once", async () => {
    using listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    await useUp();
    expect(await Promise.all([dialed(listener.port), dialed(listener.port), dialed(listener.port)])).toEqual([
      "open",
      "open",
      "open",
    ]);
    expect(lowestFree).toThrow("EMFILE");
  });

  test("a refused connection is not reported as a lack of descriptors", async () => {
    const port = freePort();
    await useUp();
    expect(await dialed(port)).toBe("ECONNREFUSED");
  });

  test("host names can be looked up when all other descriptors are in use", async () => {
    await useUp();
    expect((await lookUp("four.kept.test", "c-ares")).result).toEqual({ kind: "found", addresses: ["127.0.0.7"] });
  });

  test("restoring the limit restores the number that the process had, and a limit that is not lower is ignored", async () => {
    const before = openFilesMax()!;
    limitAccepted(before);
    limitAccepted(before - 1);
    expect(openFilesMax()).toBe(before - 1);
    limitAccepted(before - 2);
    expect(openFilesMax()).toBe(before - 2);
    limitAccepted(null);
    limitAccepted(null);
    expect(openFilesMax()).toBe(before);
  });
});
