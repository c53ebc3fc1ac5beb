import { type RunningCommand, startCommand } from "./running-command.ts";
import { ROOT_TOKEN, type TestServer } from "./server.ts";

/** A line of `boathook listen --json`. */
export interface ListenLine {
  readonly type: "ready" | "request" | "disconnected" | "reconnected" | "skipped";
  readonly secret?: string;
  readonly time?: string;
  readonly messageId?: string;
  readonly eventType?: string;
  readonly method?: string;
  readonly url?: string;
  readonly status?: number | null;
  readonly durationMs?: number;
  readonly error?: string | null;
  readonly count?: number;
}

/** A running `boathook listen --json`. */
export interface Listening extends AsyncDisposable {
  readonly command: RunningCommand;
  /** The secret of the signatures. */
  readonly secret: string;
  /** All lines so far. */
  lines(): readonly ListenLine[];
  /** The results of requests so far. */
  requests(): readonly ListenLine[];
  /** Resolves with the first line of this type that fits. */
  line(type: ListenLine["type"], fits?: (line: ListenLine) => boolean): Promise<ListenLine>;
  /** Resolves with the results as soon as there are this many. */
  forwarded(count: number): Promise<readonly ListenLine[]>;
}

/** Starts `boathook listen --json` at a server and waits until it is ready. The caller must stop it. */
export async function listenTo(
  server: Pick<TestServer, "url">,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Listening> {
  const access = { BOATHOOK_SERVER: server.url, BOATHOOK_TOKEN: ROOT_TOKEN, ...env };
  const command = await startCommand(["listen", "--json", ...args], access);
  const parsed: ListenLine[] = [];
  const lines = () => {
    while (parsed.length < command.lines.length) parsed.push(JSON.parse(command.lines[parsed.length]!) as ListenLine);
    return parsed;
  };
  const line = async (type: ListenLine["type"], fits: (line: ListenLine) => boolean = () => true) =>
    JSON.parse(
      await command.line((text) => {
        const value = JSON.parse(text) as ListenLine;
        return value.type === type && fits(value);
      }),
    ) as ListenLine;
  const requests = () => lines().filter(({ type }) => type === "request");
  const { secret = "" } = await line("ready");
  return {
    ...{ command, secret, lines, requests, line },
    async forwarded(count) {
      await command.line(() => requests().length >= count);
      return requests();
    },
    [Symbol.asyncDispose]: () => command[Symbol.asyncDispose](),
  };
}
