import { type Command, InvalidArgumentError, Option } from "commander";
import { type ListenerFrame, parseReplay, REPLAY_FORM } from "../../core/listener.ts";
import { parseSecret } from "../../core/signature.ts";
import { counted } from "../../core/text.ts";
import { listenForStop } from "../stop-signal.ts";
import { forwardOption } from "./forward-option.ts";
import { Forwarder, forwardedOf } from "./forwarder.ts";
import { type ListenerSecret, listenerSecretOf } from "./listener-secret.ts";
import { LocalServer } from "./local-server.ts";
import { note, Output } from "./output.ts";
import { printable } from "./printable.ts";
import type { ServerClient } from "./server-client.ts";
import { addServerOptions, serverClient } from "./server-options.ts";
import { type FrameSender, followStream } from "./stream.ts";
import { addSubjectOptions, type Subject, type SubjectOptions, subjectOf } from "./subject.ts";

interface ListenOptions extends SubjectOptions {
  readonly forwardTo?: string;
  readonly types?: string;
  readonly replay?: string;
  readonly json?: true;
  readonly printSecret?: true;
}

/** Adds the command that brings the webhooks of an application or a source to this machine. */
export function addListenCommand(program: Command): void {
  const listen = addSubjectOptions(
    program
      .command("listen")
      .description("Forward copies of an application's or a source's webhooks to a server on this machine."),
  )
    .addOption(forwardOption())
    .option("--types <types>", "only these event types, separated by commas")
    .addOption(new Option("--replay <messages>", `begin with stored messages: ${REPLAY_FORM}`).argParser(checkReplay))
    .option("--json", "print one JSON object a line")
    .addOption(
      new Option("--print-secret", "print only the secret of the signatures").conflicts([
        "forwardTo",
        "replay",
        "json",
      ]),
    );
  addServerOptions(listen).action(async (options: ListenOptions) => {
    const subject = subjectOf(listen, options);
    const { forwardTo, printSecret } = options;
    if (forwardTo === undefined && printSecret === undefined) {
      listen.error("error: required option '--forward-to <url>' not specified");
    }
    const client = serverClient(listen);
    const secret = await listenerSecretOf(client, subject);
    if (forwardTo === undefined) console.log(printable(secret.key));
    else await new ListenRun(client, subject, forwardTo, options, secret).run();
  });
}

function checkReplay(text: string): string {
  if (parseReplay(text, Date.now()) === null) throw new InvalidArgumentError(`Must be ${REPLAY_FORM}.`);
  return text;
}

/** One run of the command. It holds one connection to the server after the other. */
class ListenRun {
  readonly #stop = new AbortController();
  readonly #output: Output;
  readonly #forwarder: Forwarder;
  /** The `after` of the latest frame, from which the next connection continues. Null before the first one. */
  #after: string | null = null;
  /** The `requestedUntil` of the first frame. */
  #requestedUntil: string | null = null;
  /** The ids in `--replay` that have not arrived yet. */
  readonly #requested: Set<string>;
  #isConnected = false;

  constructor(
    private readonly client: ServerClient,
    private readonly subject: Subject,
    private readonly forwardTo: string,
    private readonly options: ListenOptions,
    private readonly secret: ListenerSecret,
  ) {
    const replay = parseReplay(options.replay ?? "", Date.now());
    this.#requested = new Set(replay?.kind === "messages" ? replay.ids : []);
    this.#output = new Output(options.json === true);
    const keys = [parseSecret(secret.key)].filter((key) => key !== null);
    const server = new LocalServer(forwardTo, { keys, headers: secret.signatureHeaders });
    this.#forwarder = new Forwarder(server, this.#output, this.#stop.signal);
  }

  async run(): Promise<void> {
    void listenForStop().then(() => this.#stop.abort());
    const events = {
      path: () => this.#path(),
      onFrame: (frame: unknown, sender: FrameSender) => this.#take(frame as ListenerFrame, sender),
      onDisconnected: () => this.#disconnected(),
      ready: () => this.#forwarder.room(),
    };
    const { replay } = this.options;
    const names = { ...this.subject.names, ...(replay !== undefined && { Message: replay }) };
    await followStream(this.client, events, names, this.#stop.signal);
  }

  #path(): string {
    const { types, replay } = this.options;
    const query = new URLSearchParams();
    if (types !== undefined) query.set("event_types", types);
    if (this.#after === null) {
      if (replay !== undefined) query.set("replay", replay);
    } else {
      query.set("after", this.#after);
      if (this.#requestedUntil !== null) query.set("requested_until", this.#requestedUntil);
      if (this.#requested.size > 0) query.set("replay", [...this.#requested].join(","));
    }
    return `${this.subject.path}/listen?${query}`;
  }

  #take(frame: ListenerFrame, sender: FrameSender): void {
    if (frame.type === "ready") this.#ready(frame.requestedUntil);
    else if (frame.type === "skipped") this.#skipped(frame.count, frame.isAtLeast);
    else if (frame.type === "message") {
      this.#requested.delete(frame.id);
      this.#forwarder.add(forwardedOf(frame), () => sender.send({ type: "done", count: 1 }));
    }
    this.#after = frame.after;
  }

  #ready(requestedUntil: string | null): void {
    const isFirst = this.#after === null;
    if (isFirst) this.#requestedUntil = requestedUntil;
    this.#isConnected = true;
    if (isFirst) {
      this.#report(
        { type: "ready", secret: this.secret.key },
        `Ready. Webhooks of ${this.subject.title} are forwarded to ${this.forwardTo}`,
        `They are signed with ${this.secret.key}`,
      );
    } else this.#report({ type: "reconnected" }, "Connected again.");
  }

  #disconnected(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#report({ type: "disconnected" }, `The connection to ${this.client.server} was lost. Connecting again.`);
  }

  #skipped(count: number, isAtLeast: boolean): void {
    this.#report(
      { type: "skipped", count, ...(isAtLeast && { isAtLeast }) },
      `Skipped ${isAtLeast ? "at least " : ""}${counted(count, "message")}, because too many waited.`,
    );
  }

  /** Prints an event as JSON, or as notes for people. */
  #report(event: object, ...notes: readonly string[]): void {
    if (this.#output.isJson) this.#output.json(event);
    else for (const text of notes) note(text);
  }
}
