/** A connection that sends one request after another. It reads only the status of each response. */
export interface LoadConnection {
  /** Sends an ASCII request and resolves with the status of its response. Rejects if the connection ends. */
  send(request: string): Promise<number>;
  close(): void;
}

const HEAD_END = "\r\n\r\n";

/**
 * Opens a connection to a server that speaks HTTP/1.1 and states the length of its responses. Bun's
 * `fetch` needs several times as much CPU time, which the measured server would lack.
 */
export async function connectForLoad(host: string, port: number): Promise<LoadConnection> {
  let waiting: { resolve(status: number): void; reject(error: Error): void } | null = null;
  let text = "";
  /** The part of a large request that the socket has not taken yet. */
  let unsent = "";
  const fail = (message: string) => {
    waiting?.reject(new Error(message));
    waiting = null;
  };
  const socket = await Bun.connect({
    hostname: host,
    port,
    socket: {
      data(_, bytes) {
        text += bytes.toString("latin1");
        const end = endOfResponse(text);
        if (end === null) return;
        const status = Number(text.slice(9, 12));
        text = text.slice(end);
        waiting?.resolve(status);
        waiting = null;
      },
      drain(self) {
        if (unsent !== "") unsent = unsent.slice(self.write(unsent));
      },
      close: () => fail("The server has closed the connection."),
      error: (_, error) => fail(error.message),
    },
  });
  return {
    send(request) {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      waiting = { resolve, reject };
      const written = socket.write(request);
      if (written < 0) fail("The connection is closed.");
      else if (written < request.length) unsent = request.slice(written);
      return promise;
    },
    close: () => void socket.end(),
  };
}

/** Returns the position after the first response, or null if it is not complete. */
export function endOfResponse(text: string): number | null {
  const head = text.indexOf(HEAD_END);
  if (head < 0) return null;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head))?.[1];
  const end = head + HEAD_END.length + Number(length ?? 0);
  return end <= text.length ? end : null;
}
