import { dirname } from "node:path";
import { EXECUTABLE, executable, programEnvironment, startBoathook } from "./binary.ts";
import { temporaryDirectory } from "./temporary.ts";

/** A working directory with a running server, in which commands of the guide can be run. */
type GuideProcess = Bun.Subprocess<"ignore", "pipe", "pipe">;

export interface GuidePlace extends AsyncDisposable {
  readonly path: string;
  /** Runs a command of the guide in a shell. */
  shell(command: string): Promise<{ readonly code: number; readonly stdout: string }>;
  /** Starts a command of the guide that runs on. The caller must stop it. */
  start(command: string): GuideProcess;
  stop(): Promise<unknown>;
}

/** Starts a server on the directory `data` in a new working directory. Its first start creates an endpoint. */
export async function guidePlace(...args: readonly string[]): Promise<GuidePlace> {
  const directory = temporaryDirectory();
  const server = await startBoathook(executable(), directory.file("data"), args, { cwd: directory.path });
  const env = await programEnvironment({
    PATH: `${dirname(EXECUTABLE)}:${process.env.PATH}`,
    XDG_CONFIG_HOME: directory.file("config"),
  });
  const options = { cwd: directory.path, env };
  const here = (command: string) => command.replaceAll("http://127.0.0.1:8071", server.url);
  return {
    path: directory.path,
    start: (command) =>
      // The shell is replaced by the command, so that signals reach it.
      Bun.spawn(["sh", "-c", `exec ${here(command)}`], { ...options, stdio: ["ignore", "pipe", "pipe"] }),
    async shell(command) {
      const child = Bun.spawn(["sh", "-c", here(command)], { ...options, stdio: ["ignore", "pipe", "ignore"] });
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
