import { dirname } from "node:path";
import { EXECUTABLE, executable, programEnvironment, startBoathook } from "./binary.ts";
import { temporaryDirectory } from "./temporary.ts";

/** A working directory with a running server, in which commands of the guide can be run. */
export interface GuidePlace extends AsyncDisposable {
  readonly path: string;
  /** Runs a command of the guide in a shell. */
  shell(command: string): Promise<{ readonly code: number; readonly stdout: string }>;
  stop(): Promise<unknown>;
}

/** Starts a server on the directory `data` in a new working directory. Its first start creates an endpoint. */
export async function guidePlace(...args: readonly string[]): Promise<GuidePlace> {
  const directory = temporaryDirectory();
  const server = await startBoathook(executable(), directory.file("data"), args, { cwd: directory.path });
  const env = await programEnvironment({ PATH: `${dirname(EXECUTABLE)}:${process.env.PATH}` });
  return {
    path: directory.path,
    async shell(command) {
      const child = Bun.spawn(["sh", "-c", command.replaceAll("http://127.0.0.1:8071", server.url)], {
        cwd: directory.path,
        env,
        stdio: ["ignore", "pipe", "ignore"],
      });
      const stdout = await new Response(child.stdout).text();
      return { code: await child.exited, stdout: stdout.trimEnd() };
    },
    stop: () => server.stop(),
    async [Symbol.asyncDispose]() {
      server.kill("SIGKILL");
      await server.exited;
      directory[Symbol.dispose]();
    },
  };
}
