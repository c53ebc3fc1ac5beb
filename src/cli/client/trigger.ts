import { setTimeout as delay } from "node:timers/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CommandFailed } from "../exit-code.ts";
import { jsonOfData, textOfData } from "./data-option.ts";
import { printable, printableJson } from "./printable.ts";
import { type ServerClient, ServerRefused } from "./server-client.ts";
import { addServerOptions, serverClient } from "./server-options.ts";
import { addSubjectOptions, type Subject, type SubjectOptions, subjectOf } from "./subject.ts";

const COUNT_MAX = 1_000_000;
const RATE_MAX = 10_000;
/** Maximum number of concurrent requests. */
const CONCURRENCY = 32;

interface TriggerOptions extends SubjectOptions {
  readonly data?: string;
  readonly count: number;
  readonly rate?: number;
  readonly json?: true;
}

/** Sends one message and returns it as the API shows it. */
type SendOne = () => Promise<unknown>;

/**
 * Adds the command that sends example messages: to an application, or to a source, signed as its
 * provider signs.
 */
export function addTriggerCommand(program: Command): void {
  const trigger = addSubjectOptions(
    program
      .command("trigger")
      .description(
        "Send an example event to an application, or to a source, signed as its provider signs. Print the id of the message.",
      ),
  )
    .argument("[event]", "event type of the example (default for a source: the provider's most common one)")
    .option("--data <file>", "file with the payload, or - for stdin (default: an example)")
    .addOption(new Option("--count <number>", "number of messages").argParser(parseCount).default(1))
    .addOption(new Option("--rate <number>", "messages per second (default: as fast as possible)").argParser(parseRate))
    .option("--json", "print each message as one line of JSON instead of its id");
  addServerOptions(trigger).action(async (event: string | undefined, options: TriggerOptions) => {
    const subject = subjectOf(trigger, options);
    if (options.app !== undefined && event === undefined) {
      trigger.error("error: missing required argument 'event' of --app");
    }
    const client = serverClient(trigger);
    const sendOne =
      options.app === undefined
        ? await senderToSource(client, subject, event, options.data)
        : await senderToApplication(client, subject, event!, options.data);
    await sendAll(sendOne, options);
  });
}

/** Returns the function that has a source receive an example, or the data in a file. */
async function senderToSource(
  client: ServerClient,
  subject: Subject,
  eventType: string | undefined,
  data: string | undefined,
): Promise<SendOne> {
  const body = data === undefined ? {} : { body: await textOfData(data) };
  const path = `${subject.path}/send-example`;
  return () => client.post(path, { eventType, ...body }, subject.names);
}

/** Returns the function that sends an example, or the data in a file, to an application. */
async function senderToApplication(
  client: ServerClient,
  subject: Subject,
  eventType: string,
  data: string | undefined,
): Promise<SendOne> {
  const payload = data === undefined ? await exampleOf(client, eventType) : await jsonOfData(data);
  // The payload is sent byte for byte.
  const text = `{"eventType":${JSON.stringify(eventType)},"payload":${payload}}`;
  return () => client.post(`${subject.path}/msg`, text, subject.names);
}

/** Returns the example of an event type as JSON. */
async function exampleOf(client: ServerClient, eventType: string): Promise<string> {
  try {
    const found = await client.get(`/api/v1/event-type/${encodeURIComponent(eventType)}/example`, {
      "Event type": eventType,
    });
    return JSON.stringify((found as { payload?: unknown } | null)?.payload ?? {});
  } catch (error) {
    if (!(error instanceof ServerRefused) || error.status !== 404) throw error;
    throw new CommandFailed(`${error.message} Create it, or give the payload with --data.`);
  }
}

/** Sends the messages and prints each. Sends no more after the first error, with which it rejects. */
async function sendAll(sendOne: SendOne, { count, rate, json }: TriggerOptions): Promise<void> {
  const startedAt = performance.now();
  let begun = 0;
  let failure: unknown = null;
  const worker = async () => {
    while (begun < count && failure === null) {
      const number = begun++;
      if (rate !== undefined) await delay(Math.max(0, (number * 1000) / rate - (performance.now() - startedAt)));
      if (failure !== null) return;
      try {
        print(await sendOne(), json === true);
      } catch (error) {
        failure ??= error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, count) }, worker));
  if (failure !== null) throw failure;
}

function print(message: unknown, asJson: boolean): void {
  const id = (message as { readonly id?: unknown } | null)?.id;
  if (typeof id !== "string") throw new CommandFailed("The response contains no message. Check --server.");
  console.log(asJson ? printableJson(message) : printable(id));
}

function parseCount(text: string): number {
  const number = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= COUNT_MAX) return number;
  throw new InvalidArgumentError(`Must be a whole number from 1 to ${COUNT_MAX}.`);
}

function parseRate(text: string): number {
  const number = /^\d{1,5}(\.\d{1,6})?$/.test(text) ? Number(text) : 0;
  if (number > 0 && number <= RATE_MAX) return number;
  throw new InvalidArgumentError(`Must be a number of messages per second, at most ${RATE_MAX}.`);
}
