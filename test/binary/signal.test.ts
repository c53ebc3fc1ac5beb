import { describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
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

const METRICS_TOKEN = "token-of-the-metrics";

/** Checks that `/metrics` still requires the token. */
async function expectGuardedMetrics(boathook: Installation): Promise<void> {
  const statuses = [await metricsStatus(boathook, null), await metricsStatus(boathook, METRICS_TOKEN)];
  expect(statuses).toEqual([401, 200]);
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

  describe("a configuration file that cannot be reloaded", () => {
    const setting = `metrics-token = "${METRICS_TOKEN}"\n`;
    const changes: Record<string, (path: string) => void> = {
      "is empty": (path) => writeFileSync(path, "\n"),
      "is missing": (path) => rmSync(path),
      "is larger than 1 MiB": (path) => writeFileSync(path, `log-level = "error"\n#${" ".repeat(1024 * 1024)}\n`),
      "is a directory": (path) => {
        rmSync(path);
        mkdirSync(path);
      },
      ...(process.platform === "win32"
        ? {}
        : {
            "is a FIFO that nobody writes to": (path) => {
              rmSync(path);
              expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
            },
            "is a device": (path) => {
              rmSync(path);
              symlinkSync("/dev/null", path);
            },
          }),
    };
    for (const [state, change] of Object.entries(changes)) {
      test(`SIGHUP keeps all settings if the configuration file ${state}`, async () => {
        using home = temporaryDirectory();
        const config = home.file("boathook.toml");
        writeFileSync(config, setting);
        await using boathook = await install([`--config=${config}`]);
        change(config);
        boathook.process.kill("SIGHUP");
        const [line] = await reloaded(boathook, 1);
        expect(line!.level).toBe("error");
        expect(line!.msg).toStartWith("Settings not reloaded: ");
        expect(String(line!.error)).toStartWith(`The configuration file "${config}" `);
        await expectGuardedMetrics(boathook);

        rmSync(config, { recursive: true, force: true });
        writeFileSync(config, `${setting}log-level = "warn"\n`);
        boathook.process.kill("SIGHUP");
        expect((await reloaded(boathook, 2))[1]).toMatchObject({ changed: ["log-level"], needRestart: [] });
      });
    }

    test.skipIf(process.platform === "win32")(
      "SIGHUP keeps all settings if the start read the configuration from a pipe",
      async () => {
        const script = `exec "$@" --config=<(printf 'metrics-token = "%s"' ${METRICS_TOKEN})`;
        await using boathook = await install([], { program: ["bash", "-c", script, "bash", ...executable()] });
        await expectGuardedMetrics(boathook);
        boathook.process.kill("SIGHUP");
        const [line] = await reloaded(boathook, 1);
        expect(line).toMatchObject({ level: "error", error: expect.stringContaining("is not a regular file") });
        await expectGuardedMetrics(boathook);
      },
    );
  });

  test("SIGHUP does not remove the metrics token, and logs that its removal needs a restart", async () => {
    using home = temporaryDirectory();
    const config = home.file("boathook.toml");
    writeFileSync(config, `metrics-token = "${METRICS_TOKEN}"`);
    await using boathook = await install([`--config=${config}`]);
    writeFileSync(config, 'log-level = "debug"');
    for (const [n, changed] of [["log-level"], []].entries()) {
      boathook.process.kill("SIGHUP");
      expect((await reloaded(boathook, n + 1))[n]).toMatchObject({ changed, needRestart: ["metrics-token"] });
      await expectGuardedMetrics(boathook);
    }
    await boathook.process.stop();
    await boathook.start();
    expect(await metricsStatus(boathook, null)).toBe(200);
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
