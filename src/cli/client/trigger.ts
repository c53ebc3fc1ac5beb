import { setTimeout as delay } from "node:timers/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CommandFailed } from "../exit-code.ts";
import { jsonOfData, textOfData } from "./data-option.ts";
import { addPlaceOptions, type Place, type PlaceOptions, placeOf } from "./place.ts";
import { printable, printableJson } from "./printable.ts";
import { type ServerClient, ServerRefused } from "./server-client.ts";
import { addServerOptions, serverClient } from "./server-options.ts";

const COUNT_MAX = 1_000_000;
const RATE_MAX = 10_000;
/** Number of requests under way at once, if there are several messages. */
const CONCURRENCY = 32;

interface TriggerOptions extends PlaceOptions {
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
  const trigger = addPlaceOptions(
    program
      .command("trigger")
      .description(
        "Send an example event to an application, or to a source, signed as its provider signs. Print the id of the message.",
      ),
  )
    .argument("[event]", "event type of the example (default for a source: the provider's most common one)")
    .option("--data <file>", "file with the payload, or - for stdin (default: an example)")
    .addOption(new Option("--count <number>", "number of messages").argParser(count).default(1))
    .addOption(new Option("--rate <number>", "messages per second (default: as fast as possible)").argParser(rate))
    .option("--json", "print each message as one line of JSON instead of its id");
  addServerOptions(trigger).action(async (event: string | undefined, options: TriggerOptions) => {
    const place = placeOf(trigger, options);
    if (options.app !== undefined && event === undefined) {
      trigger.error("error: missing required argument 'event' of --app");
    }
    const client = serverClient(trigger);
    const sendOne =
      options.app === undefined
        ? await toSource(client, place, event, options.data)
        : await toApplication(client, place, event!, options.data);
    await sendAll(sendOne, options);
  });
}

async function toSource(client: ServerClient, place: Place, eventType: string | undefined, data: string | undefined) {
  const body = data === undefined ? {} : { body: await textOfData(data) };
  const path = `${place.path}/send-example`;
  return () => client.post(path, { eventType, ...body }, place.names);
}

async function toApplication(client: ServerClient, place: Place, eventType: string, data: string | undefined) {
  const payload = data === undefined ? await exampleOf(client, eventType) : await jsonOfData(data);
  // The payload is sent byte for byte.
  const text = `{"eventType":${JSON.stringify(eventType)},"payload":${payload}}`;
  return () => client.post(`${place.path}/msg`, text, place.names);
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

/** Sends the messages and prints each. Stops at the first error, which it throws. */
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

function count(text: string): number {
  const number = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= COUNT_MAX) return number;
  throw new InvalidArgumentError(`Must be a whole number from 1 to ${COUNT_MAX}.`);
}

function rate(text: string): number {
  const number = /^\d{1,5}(\.\d{1,6})?$/.test(text) ? Number(text) : 0;
  if (number > 0 && number <= RATE_MAX) return number;
  throw new InvalidArgumentError(`Must be a number of messages per second, at most ${RATE_MAX}.`);
}
