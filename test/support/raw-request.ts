/** The final response to a request that was sent as raw bytes. */
export interface RawAnswer {
  /** 0 if the connection was closed without a response. */
  readonly status: number;
  /** The status of the responses before the final one, such as 100. */
  readonly interim: readonly number[];
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface RawConnection extends Disposable {
  write(bytes: string | Uint8Array): void;
  /**
   * Resolves with the next final response, or with status 0 if the connection is closed. `isToHead`
   * means that it is a response to a HEAD request, which has no body.
   */
  answer(isToHead?: boolean): Promise<RawAnswer>;
}

const DEADLINE_MS = 20_000;

/** Opens a connection for requests that HTTP clients cannot send. Text is sent as Latin-1. */
export async function connectRaw(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  let received = "";
  let isClosed = false;
  let unsent = Buffer.alloc(0);
  let wake = () => {};
  const write = (socket: Bun.Socket) => {
    unsent = unsent.subarray(Math.max(0, socket.write(unsent)));
  };
  const closed = () => {
    isClosed = true;
    wake();
  };
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      data(_, data) {
        received += data.toString("latin1");
        wake();
      },
      drain: write,
      close: closed,
      error: closed,
    },
  });
  return {
    write(bytes) {
      unsent = Buffer.concat([unsent, typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes]);
      write(socket);
    },
    async answer(isToHead = false) {
      const deadline = AbortSignal.timeout(DEADLINE_MS);
      const interim: number[] = [];
      for (;;) {
        const parsed = parse(received, isClosed, isToHead);
        if (parsed !== null) {
          received = received.slice(parsed.length);
          if (parsed.answer.status === 0 || parsed.answer.status >= 200) return { ...parsed.answer, interim };
          interim.push(parsed.answer.status);
          continue;
        }
        if (deadline.aborted) throw new Error(`There was no response in time, only ${JSON.stringify(received)}.`);
        await new Promise<void>((resolve) => {
          wake = resolve;
          deadline.addEventListener("abort", () => resolve(), { once: true });
        });
      }
    },
    [Symbol.dispose]: () => socket.terminate(),
  };
}

/** Sends one request and returns its response. */
export async function exchangeRaw(url: string, request: string | Uint8Array): Promise<RawAnswer> {
  using connection = await connectRaw(url);
  connection.write(request);
  return await connection.answer();
}

function parse(
  text: string,
  isClosed: boolean,
  isToHead: boolean,
): { answer: Omit<RawAnswer, "interim">; length: number } | null {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) {
    return isClosed ? { answer: { status: 0, headers: new Map(), body: text }, length: text.length } : null;
  }
  const [first, ...lines] = text.slice(0, end).split("\r\n");
  const headers = new Map(
    lines.map((line) => [line.split(":", 1)[0]!.toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const status = Number(first!.split(" ")[1]);
  const length = end + 4 + (isToHead ? 0 : Number(headers.get("content-length") ?? 0));
  if (text.length < length && !isClosed) return null;
  return { answer: { status, headers, body: text.slice(end + 4, length) }, length };
}
