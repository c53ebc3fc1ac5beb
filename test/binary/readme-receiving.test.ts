import { expect, test } from "bun:test";
import { join } from "node:path";
import { executable, startBoathook } from "../support/binary.ts";
import { codeBlock, examples, masked, readReadme, runExample } from "../support/readme.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const TOKEN = "root-token-of-the-readme-0123456789";
/** Time limit in ms for the deliveries to the receiver. */
const WAIT_MS = 20_000;

/** The README's receiver at a free port. */
interface Receiver {
  readonly port: number;
  /** Waits until the receiver has printed this text. */
  printed(text: string): Promise<void>;
  stop(): Promise<void>;
}

async function startReceiver(readme: string, port: number, secret: string, directory: string): Promise<Receiver> {
  await Bun.write(join(directory, "verify.mjs"), codeBlock(readme, "verify node"));
  const code = codeBlock(readme, "receiver").replace("listen(3000)", `listen(${port}, () => console.error("ready"))`);
  await Bun.write(join(directory, "receiver.mjs"), code);
  const child = Bun.spawn(["node", "receiver.mjs"], {
    cwd: directory,
    env: { ...process.env, SECRET: secret },
    stdout: "pipe",
    stderr: "pipe",
  });
  await child.stderr.getReader().read();
  const reader = child.stdout.getReader();
  let output = "";
  return {
    port,
    async printed(text) {
      const deadline = Date.now() + WAIT_MS;
      while (!output.includes(text)) {
        const timeout = new Promise<never>((_, reject) =>
          setTimeout(
            () => reject(new Error(`The receiver has printed only: ${output}`)),
            deadline - Date.now(),
          ).unref(),
        );
        const { done, value } = await Promise.race([reader.read(), timeout]);
        if (done) throw new Error(`The receiver ended. It has printed: ${output}`);
        output += Buffer.from(value).toString();
      }
    },
    async stop() {
      child.kill();
      await child.exited;
    },
  };
}

/** Returns a port that is free now. */
function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  server.stop(true);
  return server.port;
}

/** Returns the variables that the README takes from a response. */
function variablesOf(output: string): Record<string, string> {
  if (!output.startsWith("{")) return {};
  const { ingestUrl, appId, key } = JSON.parse(output);
  return {
    ...(ingestUrl !== undefined && { INGEST_URL: ingestUrl, APP: appId }),
    ...(key !== undefined && { SECRET: key }),
  };
}

test.if(Bun.which("node") !== null && Bun.which("openssl") !== null)(
  "the README's commands for receiving print the output shown there, and its receiver verifies the deliveries",
  async () => {
    using directory = temporaryDirectory();
    const readme = await readReadme();
    const server = await startBoathook(
      executable(),
      join(directory.path, "data"),
      ["--allow-subnets=127.0.0.0/8,::1/128"],
      { env: { BOATHOOK_ROOT_TOKEN: TOKEN } },
    );
    const port = freePort();
    let variables: Record<string, string> = { BOATHOOK: server.url, TOKEN };
    let receiver: Receiver | null = null;
    const received = codeBlock(readme, "received");
    try {
      for (const { command, output } of examples(readme, "receiving")) {
        const given = await runExample(command.replace("localhost:3000", `localhost:${port}`), variables);
        expect(masked(given)).toBe(masked(output));
        variables = { ...variables, ...variablesOf(given) };
        if (receiver === null && variables.SECRET !== undefined)
          receiver = await startReceiver(readme, port, variables.SECRET, directory.path);
        // The examples are delivered one by one, so that the receiver prints them in order.
        if (command.includes(" trigger ")) await receiver!.printed(received.split("\n")[0]!);
        if (output === "200") await receiver!.printed(received);
        if (command.includes("bulk-replay")) await receiver!.printed(`${received}verified `);
      }
    } finally {
      await receiver?.stop();
      await server.stop();
    }
  },
  120_000,
);
