import { describe, expect, test } from "bun:test";
import { executable, programEnvironment, ROOT, run, startBoathook } from "../support/binary.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const ONE_SENTENCE = /^[^\n]+\n$/;

describe("starting", () => {
  test("the first start logs the file of the root token and a curl command, and the second start does not", async () => {
    using dir = temporaryDirectory();
    for (const time of ["first", "second"]) {
      const server = await startBoathook(executable(), dir.file("data"));
      const announced = server.log.filter((line) => line.rootTokenFile !== undefined);
      if (time === "first") {
        expect(announced).toHaveLength(1);
        expect(announced[0]).toMatchObject({
          rootTokenFile: dir.file("data/root-token"),
          curl: expect.stringMatching(/^curl .*\/msg /),
        });
      } else {
        expect(announced).toEqual([]);
      }
      expect(await server.stop()).toBe(0);
    }
  });

  test("a first start with a configured root token logs neither the token nor advice about tokens", async () => {
    using dir = temporaryDirectory();
    const env = { BOATHOOK_ROOT_TOKEN: "configured-token-0123456789-0123456789" };
    const server = await startBoathook(executable(), dir.file("data"), [], { env });
    expect(JSON.stringify(server.log)).not.toMatch(/configured-token|root token|"rootToken":"(?!\[set\])|curl/);
    const headers = { authorization: "Bearer configured-token-0123456789-0123456789" };
    const { data } = (await (await fetch(`${server.url}/api/v1/app`, { headers })).json()) as { data: unknown[] };
    expect(data).toEqual([]);
    expect(await server.stop()).toBe(0);
  });

  test("in the pretty format, the curl command has its own line and sends a message", async () => {
    using dir = temporaryDirectory();
    const args = ["serve", "--port=0", `--data-dir=${dir.file("data")}`, "--log-format=pretty"];
    const child = Bun.spawn([...executable(), ...args], {
      env: await programEnvironment(),
      stdout: "pipe",
      stderr: "inherit",
    });
    try {
      const line = await firstLine(child.stdout, /^curl /);
      const shell = Bun.spawn(["sh", "-c", `${line} --silent --fail --output /dev/null`], { stderr: "inherit" });
      expect(await shell.exited).toBe(0);
    } finally {
      child.kill("SIGTERM");
      expect(await child.exited).toBe(0);
    }
  });

  test("the server does not start on a port in use and prints a one-line error", async () => {
    using dir = temporaryDirectory();
    using taken = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const args = ["serve", `--port=${taken.port}`, `--data-dir=${dir.file("data")}`];
    const { code, stderr } = await run(executable(), args);
    expect(code).toBe(1);
    expect(stderr).toMatch(ONE_SENTENCE);
    expect(stderr).toContain(String(taken.port));
  });

  test("the server does not start on a data directory in use and prints a one-line error", async () => {
    using dir = temporaryDirectory();
    const server = await startBoathook(executable(), dir.file("data"));
    try {
      const { code, stderr } = await run(executable(), ["serve", "--port=0", `--data-dir=${dir.file("data")}`]);
      expect(code).toBe(1);
      expect(stderr).toMatch(ONE_SENTENCE);
      expect(stderr).toContain(dir.file("data"));
    } finally {
      await server.stop();
    }
  });
});

describe("holding deliveries", () => {
  const deliveryOf = async (url: string) =>
    ((await (await fetch(`${url}/api/v1/health`)).json()) as { delivery: string }).delivery;
  const heldLines = (log: readonly Record<string, unknown>[]) => log.filter(({ event }) => event === "delivery.held");

  test("deliveries that --no-deliver holds stay held at later starts until --deliver, and each start logs it", async () => {
    using dir = temporaryDirectory();
    const starts: [args: string[], delivery: string][] = [
      [[], "running"],
      [["--no-deliver"], "held"],
      [[], "held"],
      [["--deliver"], "running"],
      [[], "running"],
    ];
    for (const [args, delivery] of starts) {
      const server = await startBoathook(executable(), dir.file("data"), args);
      expect(await deliveryOf(server.url)).toBe(delivery);
      expect(await server.stop()).toBe(0);
      expect(heldLines(server.log)).toHaveLength(delivery === "held" ? 1 : 0);
    }
  });

  test.each(["--deliver --no-deliver", "--no-deliver --deliver"])("the server does not start with %s", async (both) => {
    using dir = temporaryDirectory();
    const args = ["serve", "--port=0", `--data-dir=${dir.file("data")}`, ...both.split(" ")];
    const { code, stderr } = await run(executable(), args);
    expect(code).toBe(2);
    expect(stderr).toMatch(ONE_SENTENCE);
    expect(stderr).toContain("--no-deliver");
  });
});

describe("stopping", () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`${signal} stops the server with exit code 0 after a last log entry`, async () => {
      using dir = temporaryDirectory();
      const server = await startBoathook(executable(), dir.file("data"));
      server.kill(signal);
      expect(await server.exited).toBe(0);
      expect((await server.logged((line) => line.msg === "Stopped.")).level).toBe("info");
    });
  }

  test.skipIf(process.platform === "win32")("a second signal ends the process immediately", async () => {
    // The process of this script never finishes stopping.
    const script = `
      import { listenForStop } from "./src/cli/stop-signal.ts";
      const asked = listenForStop();
      setInterval(() => {}, 1_000);
      console.log("listening");
      console.log("asked by", await asked);
    `;
    const child = Bun.spawn([process.execPath, "-e", script], { cwd: ROOT, stdin: "ignore", stdout: "pipe" });
    const lines = linesOf(child.stdout);
    expect((await lines.next()).value).toBe("listening");
    child.kill("SIGINT");
    expect((await lines.next()).value).toBe("asked by SIGINT");
    child.kill("SIGTERM");
    expect(await child.exited).toBe(143);
  });
});

async function firstLine(stream: ReadableStream<Uint8Array>, wanted: RegExp): Promise<string> {
  for await (const line of linesOf(stream)) if (wanted.test(line)) return line;
  throw new Error(`no line like ${wanted}`);
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  const reader = stream.getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    const parts = (rest + decoder.decode(chunk.value, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}
