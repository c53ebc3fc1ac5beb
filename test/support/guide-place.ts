import { dirname } from "node:path";
import { EXECUTABLE, executable, programEnvironment, startBoathook } from "./binary.ts";
import { temporaryDirectory } from "./temporary.ts";

/** How long `firstLines` waits, in ms. */
const LINES_MS_MAX = 30_000;

type GuideProcess = Bun.Subprocess<"ignore", "pipe", "pipe">;

/** A working directory with a running server, in which commands of the guide can be run. */
export interface GuidePlace extends AsyncDisposable {
  readonly path: string;
  /** Runs a command of the guide in a shell. */
  shell(command: string): Promise<{ readonly code: number; readonly stdout: string }>;
  /** Starts a command of the guide that runs on. The caller must stop it. */
  start(command: string): GuideProcess;
  /** Runs a command that runs on until it has printed this many lines, and returns them. */
  firstLines(command: string, count: number): Promise<string>;
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
  const start = (command: string) =>
    // The shell is replaced by the command, so that signals reach it.
    Bun.spawn(["sh", "-c", `exec ${here(command)}`], { ...options, stdio: ["ignore", "pipe", "pipe"] });
  return {
    path: directory.path,
    start,
    async firstLines(command, count) {
      const child = start(command);
      const deadline = setTimeout(() => child.kill("SIGKILL"), LINES_MS_MAX);
      let text = "";
      try {
        for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
          text += chunk;
          // Leaving the loop would wait for the end of the output.
          if (text.split("\n").length > count) child.kill("SIGKILL");
        }
      } finally {
        clearTimeout(deadline);
        child.kill("SIGKILL");
        await child.exited;
      }
      const lines = text.split("\n");
      if (lines.length > count) return lines.slice(0, count).join("\n");
      throw new Error(`${command} has ended or takes too long. Its output:\n${text}`);
    },
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
