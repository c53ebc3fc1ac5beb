import { mkdirSync } from "node:fs";
import { Child, type TemporaryDirectory } from "../bench/resources.ts";
import { Metrics } from "./metrics.ts";
import type { Observed } from "./samples.ts";

const ROOT_TOKEN = "root-token-of-the-soak-0123456789";

/** Settings that let hours pass in minutes: data expires, and backups are made, after a short time. */
const SETTINGS = {
  retention: "90s",
  "retry-schedule": "1s,1s,2s",
  "delivery-timeout": "2s",
  "backup-every": "20s",
  "backup-keep": "3",
  "notify-after": "5s",
  "notify-quiet": "20s",
  "log-format": "json",
};

export interface Server extends AsyncDisposable {
  readonly url: string;
  readonly observed: Observed;
  /** Calls the API with the root token. Paths are relative to `/api/v1` unless they start with `/ingest/`. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Like `call`, but returns the JSON of the response, and rejects unless it is 2xx. */
  made<T>(method: string, path: string, body?: unknown): Promise<T>;
  metrics(): Promise<Metrics>;
}

/** Starts the executable with a replica, scheduled backups and a mail server for notices. */
export async function startServer(
  executable: string,
  directory: TemporaryDirectory,
  mailPort: number,
): Promise<Server> {
  const [dataDir, replicaDir, backupDir] = ["data", "replica", "backups"].map((name) => directory.file(name));
  mkdirSync(backupDir!);
  const settings = {
    ...SETTINGS,
    "data-dir": dataDir!,
    replica: replicaDir!,
    "backup-dir": backupDir!,
    "notify-mail": "operator@example.com",
    "notify-from": "boathook@example.com",
  };
  const flags = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  const child = new Child(
    [executable, "serve", "--port=0", "--allow-subnets=127.0.0.0/8", "--endpoint-disable-after=0", ...flags],
    { BOATHOOK_ROOT_TOKEN: ROOT_TOKEN, BOATHOOK_SMTP_URL: `smtp://127.0.0.1:${mailPort}?starttls=off` },
  );
  const url = await child.waitForLine(servingUrl);
  const call: Server["call"] = (method, path, body, headers = {}) =>
    fetch(url + (path.startsWith("/ingest/") ? path : `/api/v1${path}`), {
      method,
      headers: { authorization: `Bearer ${ROOT_TOKEN}`, "content-type": "application/json", ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const metrics = async () => new Metrics(await (await fetch(`${url}/metrics`)).text());
  return {
    url,
    call,
    metrics,
    async made<T>(method: string, path: string, body?: unknown) {
      const response = await call(method, path, body);
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return (text === "" ? null : JSON.parse(text)) as T;
    },
    observed: {
      pid: child.pid,
      dataDir: dataDir!,
      replicaDir: replicaDir!,
      backupDir: backupDir!,
      metrics,
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

function servingUrl(line: string): string | null {
  if (!line.startsWith("{")) return null;
  const { msg, url } = JSON.parse(line) as { msg?: unknown; url?: unknown };
  return msg === "Serving." && typeof url === "string" ? url : null;
}
