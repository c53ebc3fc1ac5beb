import { type Command, InvalidArgumentError, Option } from "commander";
import { bytesOfFrame } from "../../core/frame-body.ts";
import { type ListenerFrame, parseReplay, REPLAY_FORM } from "../../core/listener.ts";
import { parseSecret, type SignatureHeaders } from "../../core/signature.ts";
import { CommandFailed } from "../exit-code.ts";
import { listenForStop } from "../stop-signal.ts";
import { Forwarder } from "./forwarder.ts";
import { LocalServer, localUrl } from "./local-server.ts";
import { Output } from "./output.ts";
import { addPlaceOptions, type Place, type PlaceOptions, placeOf } from "./place.ts";
import type { ServerClient } from "./server-client.ts";
import { addServerOptions, serverClient } from "./server-options.ts";
import { type FrameSender, followStream } from "./stream.ts";

interface ListenOptions extends PlaceOptions {
  readonly forwardTo?: string;
  readonly types?: string;
  readonly replay?: string;
  readonly json?: true;
  readonly printSecret?: true;
}

/** Adds the command that brings the webhooks of an application or a source to this machine. */
export function addListenCommand(program: Command): void {
  const listen = addPlaceOptions(
    program
      .command("listen")
      .description("Forward copies of an application's or a source's webhooks to a server on this machine."),
  )
    .addOption(forwardOption())
    .option("--types <types>", "only these event types, separated by commas")
    .addOption(new Option("--replay <messages>", `begin with stored messages: ${REPLAY_FORM}`).argParser(replay))
    .option("--json", "print one JSON object a line")
    .addOption(
      new Option("--print-secret", "print only the secret of the signatures").conflicts([
        "forwardTo",
        "replay",
        "json",
      ]),
    );
  addServerOptions(listen).action(async (options: ListenOptions) => {
    const place = placeOf(listen, options);
    const { forwardTo, printSecret } = options;
    if (forwardTo === undefined && printSecret === undefined) {
      listen.error("error: required option '--forward-to <url>' not specified");
    }
    const client = serverClient(listen);
    const secret = await listenerSecretOf(client, place);
    if (forwardTo === undefined) console.log(secret.key);
    else await new Session(client, place, forwardTo, options, secret).run();
  });
}

export function forwardOption(): Option {
  return new Option("--forward-to <url>", "URL of the local server, such as http://localhost:3000/webhooks").argParser(
    (text) => {
      const url = localUrl(text);
      if (url === null) throw new InvalidArgumentError("Must be a URL such as http://localhost:3000/webhooks.");
      return url;
    },
  );
}

function replay(text: string): string {
  if (parseReplay(text, Date.now()) === null) throw new InvalidArgumentError(`Must be ${REPLAY_FORM}.`);
  return text;
}

/** The secret with which requests of listeners are signed, and the headers with the signature. */
export interface ListenerSecret {
  readonly key: string;
  readonly signatureHeaders: SignatureHeaders;
}

export async function listenerSecretOf(client: ServerClient, { path, names }: Place): Promise<ListenerSecret> {
  const found = (await client.get(`${path}/listen/secret`, names)) as Partial<ListenerSecret> | null;
  if (typeof found?.key !== "string" || typeof found.signatureHeaders !== "string") {
    throw new CommandFailed(`The server at ${client.server} cannot forward to listeners. Upgrade it.`);
  }
  return found as ListenerSecret;
}

/** One run of the command: connections to the server, one after the other, and what they bring. */
class Session {
  readonly #stop = new AbortController();
  readonly #output: Output;
  readonly #forwarder: Forwarder;
  /** The place after which the next connection goes on; null before the first one. */
  #after: string | null = null;
  #isConnected = false;

  constructor(
    private readonly client: ServerClient,
    private readonly place: Place,
    private readonly forwardTo: string,
    private readonly options: ListenOptions,
    private readonly secret: ListenerSecret,
  ) {
    this.#output = new Output(options.json === true);
    const keys = [parseSecret(secret.key)].filter((key) => key !== null);
    const server = new LocalServer(forwardTo, { keys, headers: secret.signatureHeaders });
    this.#forwarder = new Forwarder(server, this.#output, this.#stop.signal);
  }

  async run(): Promise<void> {
    void listenForStop().then(() => this.#stop.abort());
    const events = {
      path: () => this.#path(),
      onFrame: (frame: unknown, connection: FrameSender) => this.#take(frame as ListenerFrame, connection),
      onDisconnected: () => this.#disconnected(),
      ready: () => this.#forwarder.room(),
    };
    const { replay } = this.options;
    const names = { ...this.place.names, ...(replay !== undefined && { Message: replay }) };
    await followStream(this.client, events, names, this.#stop.signal);
  }

  #path(): string {
    const { types, replay } = this.options;
    const query = new URLSearchParams();
    if (types !== undefined) query.set("event_types", types);
    if (this.#after !== null) query.set("after", this.#after);
    else if (replay !== undefined) query.set("replay", replay);
    return `${this.place.path}/listen?${query}`;
  }

  #take(frame: ListenerFrame, connection: FrameSender): void {
    if (frame.type === "ready") this.#ready();
    else if (frame.type === "skipped") this.#skipped(frame.count, frame.isAtLeast);
    else if (frame.type === "message") {
      const { id: messageId, eventType, method, path, headers } = frame;
      this.#forwarder.add({ messageId, eventType, method, path, headers, body: bytesOfFrame(frame) }, () =>
        connection.send({ type: "done", count: 1 }),
      );
    }
    this.#after = frame.after;
  }

  #ready(): void {
    const output = this.#output;
    const isFirst = this.#after === null;
    this.#isConnected = true;
    if (!isFirst) {
      if (output.isJson) output.json({ type: "reconnected" });
      else output.note("Connected again.");
      return;
    }
    if (output.isJson) output.json({ type: "ready", secret: this.secret.key });
    else {
      output.note(`Ready. Webhooks of ${this.place.title} are forwarded to ${this.forwardTo}`);
      output.note(`They are signed with ${this.secret.key}`);
    }
  }

  #disconnected(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    if (this.#output.isJson) this.#output.json({ type: "disconnected" });
    else this.#output.note(`The connection to ${this.client.server} was lost. Connecting again.`);
  }

  #skipped(count: number, isAtLeast: boolean): void {
    if (this.#output.isJson) this.#output.json({ type: "skipped", count, ...(isAtLeast && { isAtLeast }) });
    else this.#output.note(`Skipped ${isAtLeast ? "at least " : ""}${count} messages, because too many waited.`);
  }
}
