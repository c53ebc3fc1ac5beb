import { userInfo } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { parseDuration } from "../../core/unit.ts";
import type { RelayEvent } from "../../relay/event.ts";
import { CommandFailed, FailureReported, InputInvalid } from "../exit-code.ts";
import { listenForStop } from "../stop-signal.ts";
import { note, Output } from "./output.ts";
import { printable } from "./printable.ts";
import { addServerOptions, serverClient } from "./server-options.ts";

/** Time between two looks at the table, in ms. */
const POLL_MS = 1000;
/** Time between two looks at the table if rows are announced, in ms. Needed for rows whose pause has ended. */
const ANNOUNCED_POLL_MS = 10_000;
/** Time limit for requests in progress after a signal, in ms. Rows whose request is cut off are sent again. */
const GRACE_MS = 10_000;
const CHANNEL_BYTES_MAX = 63;
const PREFIX_CHARS_MAX = 100;

interface RelayFlags {
  readonly table: string;
  readonly columns?: string;
  readonly channel?: string;
  readonly poll?: number;
  readonly eventIdPrefix: string;
  readonly once?: true;
  readonly json?: true;
}

/** Adds the command that sends the rows of an outbox table. It loads `relay/` only when it runs. */
export function addRelayCommand(program: Command): void {
  const command = program
    .command("relay")
    .description("Send the rows of an outbox table in PostgreSQL as messages, and mark those that are stored.")
    .argument("<database>", "URL of the database, such as postgres://user@127.0.0.1:5432/shop")
    .requiredOption("--table <table>", "name of the table, such as outbox or public.outbox")
    .option(
      "--columns <columns>",
      "columns with other names, such as id=event_id,error=last_error (default: id, app, event_type, payload, created_at and sent_at)",
    )
    .addOption(new Option("--channel <channel>", "channel of NOTIFY that announces rows").argParser(checkChannel))
    .addOption(
      new Option(
        "--poll <duration>",
        "time between two looks at the table (default: 1s; with --channel 10s)",
      ).argParser(checkPoll),
    )
    .addOption(
      new Option("--event-id-prefix <text>", "text before the id in the message's eventId")
        .argParser(checkPrefix)
        .default("", "none"),
    )
    .option("--once", "exit when no rows wait; exit with 1 if some were refused")
    .option("--json", "print one JSON object a line");
  addServerOptions(command)
    .addHelpText("after", "The password of the database is read from its URL, or from the variable PGPASSWORD.")
    .action(async (database: string, flags: RelayFlags) => {
      await relay(command, database, flags);
    });
}

async function relay(command: Command, database: string, flags: RelayFlags): Promise<void> {
  const api = serverClient(command);
  const { databaseAt, DatabaseUrlInvalid } = await import("../../relay/database-url.ts");
  const { DatabaseError } = await import("../../relay/database-error.ts");
  const { Outbox, OutboxInvalid } = await import("../../relay/outbox.ts");
  const { Relay } = await import("../../relay/relay.ts");
  const { RelayFailed } = await import("../../relay/relay-failed.ts");
  const { eventLine } = await import("../../relay/event.ts");
  const { Waker } = await import("../../relay/waker.ts");
  const { table, columns } = await namesOf(command, flags);
  const stop = new AbortController();
  void listenForStop().then(() => stop.abort());
  const waker = new Waker(stop.signal);
  const output = new Output(flags.json === true);
  const report = (event: RelayEvent) => {
    if (output.isJson) output.json({ ...event, time: new Date().toISOString() });
    else if (event.type === "batch") output.line(output.time(), printable(eventLine(event)));
    else note(eventLine(event));
  };
  try {
    const at = await databaseAt(database, {
      ...{ user: userInfo().username, password: process.env.PGPASSWORD ?? "" },
      readFile: (path) => Bun.file(path).text(),
    });
    const outbox = new Outbox(at, table, columns, flags.channel ?? null, () => waker.wake());
    await outbox.open();
    const { eventIdPrefix, channel, poll = channel === undefined ? POLL_MS : ANNOUNCED_POLL_MS } = flags;
    const run = new Relay(
      {
        ...{ api, outbox, report, stop: stop.signal, now: () => performance.now(), random: Math.random },
        idle: (ms) => waker.idle(ms),
        pause: (ms) => waker.pause(ms),
      },
      { pollMs: poll, eventIdPrefix, isOnce: flags.once === true },
    ).run();
    const isComplete = await Promise.race([run, stopped(stop.signal)]);
    if (flags.once === true && !isComplete) throw new FailureReported();
  } catch (error) {
    if (error instanceof OutboxInvalid || error instanceof DatabaseUrlInvalid) throw new InputInvalid(error.message);
    if (error instanceof DatabaseError || error instanceof RelayFailed) throw new CommandFailed(error.message);
    throw error;
  }
}

async function namesOf(command: Command, flags: RelayFlags) {
  const { parseColumns, parseTable, ROLES } = await import("../../relay/sql-name.ts");
  const table = parseTable(flags.table);
  if (table === null) command.error("error: --table must be a name as in SQL, such as outbox or public.outbox.");
  const columns = parseColumns(flags.columns ?? "");
  if (columns === null) {
    command.error(`error: --columns must be a list such as id=event_id, with names of ${ROLES.join(", ")}.`);
  }
  return { table, columns };
}

/** Resolves when requests in progress have had their time after the signal. */
async function stopped(stop: AbortSignal): Promise<true> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stop.addEventListener("abort", () => resolve());
  await promise;
  await delay(GRACE_MS);
  return true;
}

function checkChannel(text: string): string {
  if (text !== "" && Buffer.byteLength(text) <= CHANNEL_BYTES_MAX && !text.includes("\0")) return text;
  throw new InvalidArgumentError(`Must be a name of at most ${CHANNEL_BYTES_MAX} bytes.`);
}

function checkPoll(text: string): number {
  const ms = parseDuration(text);
  if (ms !== null && ms >= 10 && ms <= 3_600_000) return ms;
  throw new InvalidArgumentError("Must be a duration from 10ms to 1h, such as 500ms.");
}

function checkPrefix(text: string): string {
  if (text.length <= PREFIX_CHARS_MAX && /^[\w.-]*$/.test(text)) return text;
  throw new InvalidArgumentError(`Must be at most ${PREFIX_CHARS_MAX} letters, digits, "-", "_" and ".".`);
}
