import type { Command } from "commander";
import type { ListenerFrame } from "../../core/listener.ts";
import { parseSecret } from "../../core/signature.ts";
import { counted } from "../../core/text.ts";
import { CommandFailed, FailureReported } from "../exit-code.ts";
import { forwardOption } from "./forward-option.ts";
import { type Forwarded, forwardedOf, forwardOne } from "./forwarder.ts";
import { listenerSecretOf } from "./listener-secret.ts";
import { LocalServer } from "./local-server.ts";
import { Output } from "./output.ts";
import { printable } from "./printable.ts";
import type { ServerClient } from "./server-client.ts";
import { addServerOptions, serverClient } from "./server-options.ts";
import { type FrameSender, streamOnce } from "./stream.ts";
import {
  addSubjectOptions,
  applicationNamed,
  inPath,
  type Subject,
  type SubjectOptions,
  subjectOf,
} from "./subject.ts";

const MESSAGES_MAX = 100;
/** Maximum number of endpoints that the message about a missing `--endpoint` names. */
const NAMED_MAX = 10;

interface ReplayOptions extends SubjectOptions {
  readonly forwardTo: string;
  readonly endpoint?: string;
  readonly json?: true;
}

/** Adds the command that sends stored messages to a server on this machine. */
export function addReplayCommand(program: Command): void {
  const replay = addSubjectOptions(
    program
      .command("replay")
      .description("Send stored messages to a server on this machine, signed with the secret of an endpoint."),
  )
    .argument("<message...>", "ids of messages")
    .addOption(forwardOption().makeOptionMandatory())
    .option("--endpoint <endpoint>", "id or uid of the endpoint whose secret signs (default: the only endpoint)")
    .option("--json", "print one JSON object a line");
  addServerOptions(replay).action(async (messages: readonly string[], options: ReplayOptions) => {
    if (messages.length > MESSAGES_MAX) replay.error(`error: Give at most ${MESSAGES_MAX} messages.`);
    const client = serverClient(replay);
    const subject = await applicationOf(client, replay, options);
    const server = new LocalServer(options.forwardTo, await signingOf(client, replay, subject, options.endpoint));
    const ids: string[] = [];
    for (const message of messages) ids.push(await idOf(client, subject, message));
    await replayAll(client, subject, { ids, server, output: new Output(options.json === true) });
  });
}

/** Returns the application that the options name, or that of the token. Reports a usage error if neither has one. */
async function applicationOf(client: ServerClient, command: Command, options: SubjectOptions): Promise<Subject> {
  if (options.app !== undefined) return subjectOf(command, options);
  const { path, names } = options.source === undefined ? { path: "/api/v1/auth/whoami" } : subjectOf(command, options);
  const { appId } = (await client.get(path, names)) as { readonly appId?: unknown };
  if (typeof appId !== "string") command.error("error: Set --app or --source. The token is not for one application.");
  return applicationNamed(appId);
}

/** Returns the key of the endpoint, or of the application's listeners if it has no endpoint. */
async function signingOf(client: ServerClient, command: Command, subject: Subject, given: string | undefined) {
  const { key, signatureHeaders: headers } = await listenerSecretOf(client, subject);
  const endpoint = given ?? (await onlyEndpoint(client, command, subject));
  const text = endpoint === null ? key : await secretOf(client, subject, endpoint);
  const parsed = parseSecret(text);
  if (parsed === null) {
    throw new CommandFailed(`The endpoint ${endpoint} signs with a private key, which the server does not show.`);
  }
  return { keys: [parsed], headers };
}

async function secretOf(client: ServerClient, { path, names }: Subject, endpoint: string): Promise<string> {
  const found = await client.get(`${path}/endpoint/${inPath(endpoint)}/secret`, {
    ...names,
    Endpoint: endpoint,
  });
  return textIn(found, "key");
}

/** Returns the only endpoint, or null if there is none. Reports a usage error if there are several. */
async function onlyEndpoint(client: ServerClient, command: Command, { path, names }: Subject): Promise<string | null> {
  const page = (await client.get(`${path}/endpoint?limit=${NAMED_MAX}`, names)) as {
    readonly data: ReadonlyArray<{ readonly id: string; readonly uid: string | null }>;
    readonly done: boolean;
  };
  const all = page.data.map(({ id, uid }) => uid ?? id);
  if (all.length > 1) {
    const more = page.done ? "" : " and more";
    command.error(
      `error: The application has several endpoints. Set --endpoint to one of ${printable(all.join(", "))}${more}.`,
    );
  }
  return all[0] ?? null;
}

/** Returns the id of a message, which may be given by its `eventId`. */
async function idOf(client: ServerClient, { path, names }: Subject, message: string): Promise<string> {
  const found = await client.get(`${path}/msg/${inPath(message)}?with_content=false`, {
    ...names,
    Message: message,
  });
  return textIn(found, "id");
}

/** Returns a string field of a response. Throws `CommandFailed` if a response of another server lacks it. */
function textIn(response: unknown, field: string): string {
  const { [field]: text } = Object(response) as Readonly<Record<string, unknown>>;
  if (typeof text === "string") return text;
  throw new CommandFailed(`The response contains no ${field}. Check --server.`);
}

interface Replay {
  readonly ids: readonly string[];
  readonly server: LocalServer;
  readonly output: Output;
}

/**
 * Receives the messages as a listener does, and forwards them one after the other. Rejects with
 * `FailureReported` if a response was not a 2xx.
 */
async function replayAll(client: ServerClient, subject: Subject, { ids, server, output }: Replay): Promise<void> {
  const stop = new AbortController();
  let left = ids.length;
  let hasFailed = false;
  let last = Promise.resolve();
  const forward = async (message: Forwarded, sender: FrameSender) => {
    const { status } = await forwardOne(server, message, output, stop.signal);
    if (status === null || status < 200 || status >= 300) hasFailed = true;
    sender.send({ type: "done", count: 1 });
    if (--left === 0) stop.abort();
  };
  const onFrame = (frame: unknown, sender: FrameSender) => {
    const message = frame as ListenerFrame;
    // New messages come after the stored ones.
    if (message.type !== "message" || !ids.includes(message.id)) return;
    last = last.then(() => forward(forwardedOf(message), sender));
  };
  const query = new URLSearchParams({ replay: ids.join(",") });
  await streamOnce(client, `${subject.path}/listen?${query}`, { onFrame, names: subject.names }, stop.signal);
  await last;
  if (left > 0) {
    const sentence = `${counted(left, "message")} ${left === 1 ? "was" : "were"} not sent.`;
    throw new CommandFailed(`The connection to ${client.server} was lost. ${sentence}`);
  }
  if (hasFailed) throw new FailureReported();
}
