import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { executable, programEnvironment } from "../support/binary.ts";
import { until } from "../support/delivery.ts";
import { type Installation, install } from "../support/installation.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Tests signals other than those that stop the server. */

const reloaded = ({ process }: Installation, n: number) =>
  until(
    async () => process.log.filter(({ msg }) => msg.startsWith("Settings")),
    (lines) => lines.length >= n,
  );

function metricsStatus({ url }: Installation, token: string | null): Promise<number> {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  return fetch(`${url}/metrics`, { headers }).then(({ status }) => status);
}

describe("signals", () => {
  test.each(["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGPIPE"] as const)("%s does not stop the server", async (signal) => {
    await using boathook = await install();
    boathook.process.kill(signal);
    for (let i = 0; i < 20; i++) expect((await boathook.send("GET", "/health")).status).toBe(200);
    expect(await boathook.process.stop()).toBe(0);
  });

  test("SIGHUP reloads the log level and the metrics token, and logs which other changed settings need a restart", async () => {
    using home = temporaryDirectory();
    const config = home.file("boathook.toml");
    const write = (...lines: string[]) => writeFileSync(config, lines.join("\n"));
    write('log-level = "info"');
    await using boathook = await install([`--config=${config}`]);
    expect(await metricsStatus(boathook, null)).toBe(200);

    write('log-level = "error"', 'metrics-token = "first-token-of-the-metrics"', 'retention = "1d"');
    boathook.process.kill("SIGHUP");
    const [first] = await reloaded(boathook, 1);
    expect(first).toMatchObject({ changed: ["metrics-token", "log-level"], needRestart: ["retention"] });
    expect(JSON.stringify(first)).not.toContain("first-token");
    expect(await metricsStatus(boathook, null)).toBe(401);
    expect(await metricsStatus(boathook, "first-token-of-the-metrics")).toBe(200);

    write('metrics-token = "second-token-of-the-metrics"', 'log-level = "error"');
    boathook.process.kill("SIGHUP");
    expect((await reloaded(boathook, 2))[1]).toMatchObject({ changed: ["metrics-token"], needRestart: [] });
    expect(await metricsStatus(boathook, "first-token-of-the-metrics")).toBe(401);
    expect(await metricsStatus(boathook, "second-token-of-the-metrics")).toBe(200);

    const before = boathook.process.log.length;
    expect(await boathook.process.stop()).toBe(0);
    // At the level `error`, the stop is not logged.
    expect(boathook.process.log.length).toBe(before);
  });

  test("SIGHUP with invalid settings changes nothing and logs the reason", async () => {
    using home = temporaryDirectory();
    const config = home.file("boathook.toml");
    writeFileSync(config, 'metrics-token = "token-of-the-metrics"');
    await using boathook = await install([`--config=${config}`]);
    writeFileSync(config, 'log-level = "loud"');
    boathook.process.kill("SIGHUP");
    const [line] = await reloaded(boathook, 1);
    expect(line).toMatchObject({ level: "error", error: expect.stringContaining("log-level") });
    expect(await metricsStatus(boathook, "token-of-the-metrics")).toBe(200);
    expect(await metricsStatus(boathook, null)).toBe(401);
  });

  test.skipIf(process.platform === "win32")("a server stops when its terminal is closed", async () => {
    using home = temporaryDirectory();
    let output = "";
    const started = Promise.withResolvers<void>();
    const server = Bun.spawn(
      [...executable(), "serve", "--port=0", `--data-dir=${home.file("data")}`, "--log-format=json"],
      {
        cwd: home.path,
        env: await programEnvironment({ BOATHOOK_ROOT_TOKEN: "a-root-token-of-at-least-32-characters" }),
        terminal: {
          data(_terminal, bytes) {
            output += new TextDecoder().decode(bytes);
            if (output.includes("Serving.")) started.resolve();
          },
        },
      },
    );
    await started.promise;
    server.terminal!.close();
    expect(await server.exited).toBe(0);
  });
});
