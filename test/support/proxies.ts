import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Subprocess, spawn } from "bun";
import { accepts } from "./accepts.ts";
import { freePort } from "./free-port.ts";

/** A proxy of another project, on a free port of 127.0.0.1. */
export interface TestProxy extends AsyncDisposable {
  readonly port: number;
  /** Returns what the proxy has logged so far. */
  log(): string;
}

/** A kind of proxy that tests start. */
export interface ProxyMaker {
  readonly program: string;
  readonly scheme: "http" | "socks5";
  /** Returns the arguments. May write a configuration into `dir`. */
  args(port: number, user: { readonly name: string; readonly password: string } | null, dir: string): string[];
}

const tinyproxy: ProxyMaker = {
  program: "tinyproxy",
  scheme: "http",
  args(port, user, dir) {
    const lines = [`Port ${port}`, "Listen 127.0.0.1", "Allow 127.0.0.1", "LogLevel Info", "Timeout 60"];
    if (user !== null) lines.push(`BasicAuth ${user.name} ${user.password}`);
    writeFileSync(join(dir, "tinyproxy.conf"), `${lines.join("\n")}\n`);
    return ["-d", "-c", join(dir, "tinyproxy.conf")];
  },
};

const microsocks: ProxyMaker = {
  program: "microsocks",
  scheme: "socks5",
  args(port, user) {
    const credentials = user === null ? [] : ["-u", user.name, "-P", user.password];
    return ["-i", "127.0.0.1", "-p", String(port), ...credentials];
  },
};

export const proxyMakers: readonly ProxyMaker[] = [tinyproxy, microsocks];

const START_MS_MAX = 10_000;

/** Starts a proxy and waits until it accepts connections. */
export async function startProxy(
  maker: ProxyMaker,
  user: { readonly name: string; readonly password: string } | null = null,
): Promise<TestProxy> {
  const dir = mkdtempSync(join(tmpdir(), "boathook-proxy-"));
  const port = freePort();
  const log = join(dir, "log");
  const file = Bun.file(log);
  writeFileSync(log, "");
  const child = spawn([maker.program, ...maker.args(port, user, dir)], { stdout: file, stderr: file, cwd: dir });
  await accepting(port, child);
  return {
    port,
    log: () => readFileSync(log, "utf8"),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function accepting(port: number, child: Subprocess): Promise<void> {
  const end = performance.now() + START_MS_MAX;
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`The proxy ended with ${child.exitCode}.`);
    if (performance.now() > end) throw new Error(`The proxy on port ${port} accepts no connections.`);
    await Bun.sleep(10);
  }
}
