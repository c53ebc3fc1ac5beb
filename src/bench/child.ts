/** A process of this program that prints lines of JSON. */
export interface BenchChild extends AsyncDisposable {
  readonly pid: number;
  /** Resolves with the first value other than null that `read` returns for a line. Rejects if the process ends first. */
  line<T>(read: (value: Record<string, unknown>) => T | null): Promise<T>;
}

const LINES_WITHIN_MS = 120_000;

/** Starts a process without the settings of the environment. Its standard error is shown. */
export function startChild(command: readonly string[], env: Readonly<Record<string, string>> = {}): BenchChild {
  const { PATH = "", HOME = "", TMPDIR } = process.env;
  const child = Bun.spawn([...command], {
    env: { PATH, HOME, ...(TMPDIR !== undefined && { TMPDIR }), ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = linesOf(child.stdout);
  return {
    pid: child.pid,
    async line(read) {
      const timer = setTimeout(() => child.kill("SIGKILL"), LINES_WITHIN_MS);
      try {
        for (;;) {
          const { done, value } = await lines.next();
          if (done === true) throw new Error(`A process of the bench has ended early: ${command.at(-1)}`);
          const found = value.startsWith("{") ? read(JSON.parse(value) as Record<string, unknown>) : null;
          if (found !== null) return found;
        }
      } finally {
        clearTimeout(timer);
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
