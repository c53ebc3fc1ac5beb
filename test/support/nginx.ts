import { writeFileSync } from "node:fs";
import { freePort } from "./free-port.ts";
import { temporaryDirectory } from "./temporary.ts";

export interface RunningNginx extends AsyncDisposable {
  readonly url: string;
  /** Throws what nginx has printed if it has ended. */
  expectRunning(): Promise<void>;
}

/** Writes the configuration of an nginx with a site to a directory, and returns the command that runs it. */
export function nginxCommand(dir: Pick<ReturnType<typeof temporaryDirectory>, "file">, site: string): string[] {
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${dir.file(kind)};`,
  );
  writeFileSync(
    dir.file("nginx.conf"),
    `daemon off; master_process off; pid ${dir.file("nginx.pid")}; error_log stderr;
    events { worker_connections 64; }
    http { access_log off; ${paths.join(" ")}\n${site}\n}`,
  );
  return ["nginx", "-e", "stderr", "-c", dir.file("nginx.conf")];
}

/** Starts nginx with a site, which must listen on 127.0.0.1 and the given port. It may not listen yet. */
export async function startNginx(siteOf: (port: number) => string): Promise<RunningNginx> {
  const dir = temporaryDirectory();
  const port = freePort();
  const env = { PATH: process.env.PATH!, HOME: dir.path };
  const nginx = Bun.spawn(nginxCommand(dir, siteOf(port)), { env, stdio: ["ignore", "ignore", "pipe"] });
  const errors = new Response(nginx.stderr).text();
  return {
    url: `http://127.0.0.1:${port}`,
    async expectRunning() {
      if (nginx.exitCode !== null) throw new Error(`nginx ended: ${await errors}`);
    },
    async [Symbol.asyncDispose]() {
      nginx.kill("SIGTERM");
      await nginx.exited;
      dir[Symbol.dispose]();
    },
  };
}
