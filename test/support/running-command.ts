import { programEnvironment } from "./binary.ts";
import { program } from "./server.ts";

/** Time that a line may take, in ms. A busy machine needs seconds for the first one. */
const LINE_MS_MAX = 40_000;

/** A command that runs on and prints lines. The caller must stop it. */
export interface RunningCommand extends AsyncDisposable {
  readonly pid: number;
  /** The lines on stdout so far. */
  readonly lines: readonly string[];
  /** The text on stderr so far. */
  readonly stderr: string;
  /** Resolves with the first line on stdout that fits, even if it was printed before the call. */
  line(fits: (line: string) => boolean): Promise<string>;
  /** Resolves when the text on stderr contains this one. */
  noted(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code. */
  readonly exited: Promise<number>;
}

/** Starts a command of the program that tests use. */
export async function startCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<RunningCommand> {
  const child = Bun.spawn([...program, ...args], {
    env: await programEnvironment(env),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const lines: string[] = [];
  let stderr = "";
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const look of [...waiting]) look();
  };
  const ended = Promise.all([
    read(child.stdout, (text, rest) => {
      const parts = (rest + text).split("\n");
      const last = parts.pop() ?? "";
      lines.push(...parts);
      wake();
      return last;
    }),
    read(child.stderr, (text) => {
      stderr += text;
      wake();
      return "";
    }),
  ]);
  const exited = ended.then(() => child.exited);
  let isOver = false;
  void exited.then(() => {
    isOver = true;
    wake();
  });

  /** Waits until `look` finds something. Rejects with all output if that takes too long or the command has ended. */
  function until<T>(what: string, look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        waiting.delete(attempt);
        clearTimeout(deadline);
        reject(new Error(`${what}: ${why}\nstdout:\n${lines.slice(-20).join("\n")}\nstderr:\n${stderr}`));
      };
      const deadline = setTimeout(() => fail("not printed in time"), LINE_MS_MAX);
      const attempt = () => {
        const found = look();
        if (found === undefined) {
          if (isOver) fail("the command has ended");
          return;
        }
        waiting.delete(attempt);
        clearTimeout(deadline);
        resolve(found);
      };
      waiting.add(attempt);
      attempt();
    });
  }

  return {
    pid: child.pid,
    lines,
    get stderr() {
      return stderr;
    },
    line: (fits) => until(`a line for which ${fits}`, () => lines.find(fits)),
    noted: (text) => until(`"${text}" on stderr`, () => (stderr.includes(text) ? true : undefined)).then(() => {}),
    kill: (signal) => child.kill(signal),
    exited,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

async function read(stream: ReadableStream<Uint8Array>, take: (text: string, rest: string) => string): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) rest = take(decoder.decode(chunk, { stream: true }), rest);
}
