import type { Command } from "commander";
import { bytesOfFrame } from "../../core/frame-body.ts";
import type { ListenerFrame } from "../../core/listener.ts";
import { parseSecret } from "../../core/signature.ts";
import { CommandFailed, FailureReported } from "../exit-code.ts";
import { type Forwarded, forwardOne } from "./forwarder.ts";
import { forwardOption, listenerSecretOf } from "./listen.ts";
import { LocalServer } from "./local-server.ts";
import { Output } from "./output.ts";
import { addPlaceOptions, applicationPlace, type Place, type PlaceOptions, placeOf } from "./place.ts";
import type { ServerClient } from "./server-client.ts";
import { addServerOptions, serverClient } from "./server-options.ts";
import { type FrameSender, streamOnce } from "./stream.ts";

const MESSAGES_MAX = 100;
/** Number of endpoints that the message about a missing `--endpoint` names. */
const NAMED_MAX = 10;

interface ReplayOptions extends PlaceOptions {
  readonly forwardTo: string;
  readonly endpoint?: string;
  readonly json?: true;
}

/** Adds the command that sends stored messages to a server on this machine. */
export function addReplayCommand(program: Command): void {
  const replay = addPlaceOptions(
    program
      .command("replay")
      .description("Send stored messages to a server on this machine, signed with the secret of an endpoint."),
  )
    .argument("<message...>", "ids of messages")
    .addOption(forwardOption().makeOptionMandatory())
    .option("--endpoint <endpoint>", "the endpoint whose secret signs (default: the only one)")
    .option("--json", "print one JSON object a line");
  addServerOptions(replay).action(async (messages: readonly string[], options: ReplayOptions) => {
    if (messages.length > MESSAGES_MAX) replay.error(`error: Give at most ${MESSAGES_MAX} messages.`);
    const client = serverClient(replay);
    const place = await applicationOf(client, replay, options);
    const server = new LocalServer(options.forwardTo, await signingOf(client, replay, place, options.endpoint));
    const ids: string[] = [];
    for (const message of messages) ids.push(await idOf(client, place, message));
    await replayAll(client, place, { ids, server, output: new Output(options.json === true) });
  });
}

/** Returns the application that the options or the token name. Reports a usage error if neither does. */
async function applicationOf(client: ServerClient, command: Command, options: PlaceOptions): Promise<Place> {
  if (options.app !== undefined) return placeOf(command, options);
  const { path, names } = options.source === undefined ? { path: "/api/v1/auth/whoami" } : placeOf(command, options);
  const { appId } = (await client.get(path, names)) as { readonly appId?: unknown };
  if (typeof appId !== "string") command.error("error: Set --app or --source. The token is not for one application.");
  return applicationPlace(appId);
}

/** Returns the key of the endpoint, or of the application's listeners if it has no endpoint. */
async function signingOf(client: ServerClient, command: Command, place: Place, given: string | undefined) {
  const { key, signatureHeaders: headers } = await listenerSecretOf(client, place);
  const endpoint = given ?? (await onlyEndpoint(client, command, place));
  const text = endpoint === null ? key : await secretOf(client, place, endpoint);
  const parsed = parseSecret(text);
  if (parsed === null) {
    throw new CommandFailed(`The endpoint ${endpoint} signs with a private key, which the server does not show.`);
  }
  return { keys: [parsed], headers };
}

async function secretOf(client: ServerClient, { path, names }: Place, endpoint: string): Promise<string> {
  const found = await client.get(`${path}/endpoint/${encodeURIComponent(endpoint)}/secret`, {
    ...names,
    Endpoint: endpoint,
  });
  return String((found as { readonly key?: unknown } | null)?.key);
}

/** Returns the only endpoint, or null if there is none. Reports a usage error if there are several. */
async function onlyEndpoint(client: ServerClient, command: Command, { path, names }: Place): Promise<string | null> {
  const page = (await client.get(`${path}/endpoint?limit=${NAMED_MAX}`, names)) as {
    readonly data: ReadonlyArray<{ readonly id: string; readonly uid: string | null }>;
    readonly done: boolean;
  };
  const all = page.data.map(({ id, uid }) => uid ?? id);
  if (all.length > 1) {
    const more = page.done ? "" : " and more";
    command.error(`error: The application has several endpoints. Set --endpoint to one of ${all.join(", ")}${more}.`);
  }
  return all[0] ?? null;
}

async function idOf(client: ServerClient, { path, names }: Place, message: string): Promise<string> {
  const found = await client.get(`${path}/msg/${encodeURIComponent(message)}?with_content=false`, {
    ...names,
    Message: message,
  });
  return String((found as { readonly id?: unknown } | null)?.id);
}

interface Replay {
  readonly ids: readonly string[];
  readonly server: LocalServer;
  readonly output: Output;
}

/**
 * Forwards the messages one after the other, which the server sends as it does to a listener. Throws
 * `FailureReported` if a response was no success.
 */
async function replayAll(client: ServerClient, place: Place, { ids, server, output }: Replay): Promise<void> {
  const stop = new AbortController();
  let left = ids.length;
  let hasFailed = false;
  let last = Promise.resolve();
  const forward = async (message: Forwarded, connection: FrameSender) => {
    const { status } = await forwardOne(server, message, output, stop.signal);
    if (status === null || status < 200 || status >= 300) hasFailed = true;
    connection.send({ type: "done", count: 1 });
    if (--left === 0) stop.abort();
  };
  const onFrame = (frame: unknown, connection: FrameSender) => {
    const message = frame as ListenerFrame;
    // Messages that are accepted meanwhile come after the stored ones.
    if (message.type !== "message" || !ids.includes(message.id)) return;
    const { id: messageId, eventType, method, path, headers } = message;
    const forwarded = { messageId, eventType, method, path, headers, body: bytesOfFrame(message) };
    last = last.then(() => forward(forwarded, connection));
  };
  const query = new URLSearchParams({ replay: ids.join(",") });
  await streamOnce(client, `${place.path}/listen?${query}`, { onFrame, names: place.names }, stop.signal);
  await last;
  if (left > 0) throw new CommandFailed(`The connection to ${client.server} was lost. ${left} messages were not sent.`);
  if (hasFailed) throw new FailureReported();
}
