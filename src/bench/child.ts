/** A process of this program that prints lines of JSON. */
export interface BenchChild extends AsyncDisposable {
  readonly pid: number;
  /**
   * Resolves with the first value other than null that `read` returns for a line. Rejects if the
   * process ends first, or if no such line arrives within `withinMs`.
   */
  line<T>(read: (value: Record<string, unknown>) => T | null, withinMs?: number): Promise<T>;
  /** Resolves with the first line, even if it is not JSON. */
  text(): Promise<string>;
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
  const lineWhere = async <T>(read: (line: string) => T | null, withinMs: number): Promise<T> => {
    const timer = setTimeout(() => child.kill("SIGKILL"), withinMs);
    try {
      for (;;) {
        const { done, value } = await lines.next();
        if (done === true) throw new Error(`A process of the bench has ended early: ${command.slice(-2).join(" ")}`);
        const found = read(value);
        if (found !== null) return found;
      }
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    pid: child.pid,
    line: (read, withinMs = LINES_WITHIN_MS) =>
      lineWhere((text) => (text.startsWith("{") ? read(JSON.parse(text) as Record<string, unknown>) : null), withinMs),
    text: () => lineWhere((text) => text, LINES_WITHIN_MS),
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
