import { Server, ServerCredentials, type ServiceDefinition, type UntypedHandleCall } from "@grpc/grpc-js";
import { decodeSendRequest, encodeSendResponse, sendPath } from "../../core/grpc-messages.ts";
import type { MessageSender } from "../../core/grpc-sender.ts";
import type { KeyPair } from "../../core/key-pair.ts";
import { OneLife } from "../../core/service.ts";
import { listenError } from "../own-address.ts";
import { silenceLibrary } from "./quiet.ts";
import { SendCall } from "./send-call.ts";

/** How long calls may take to send their last responses when the server stops, in ms. */
const CLOSE_GRACE_MS = 500;
/** Maximum number of calls on one connection at the same time. */
const CALLS_MAX = 100;
/** Maximum size of the fields of a message besides its payload. */
const FIELDS_BYTES_MAX = 64 * 1024;

interface Options {
  /** An IP address or a host name. */
  readonly host: string;
  /** The port; 0 means that the system chooses one. */
  readonly port: number;
  /** Null means without TLS. */
  readonly keyPair: KeyPair | null;
  readonly bodyBytesMax: number;
  /** Called with the port on which it listens. */
  readonly onListening: (port: number) => void;
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal;
}

/** The server of `boathook.v1.Sender`. */
export class GrpcServer extends OneLife {
  readonly #server: Server;
  readonly #credentials: ServerCredentials;
  readonly #calls = new Set<SendCall>();
  #port: number | null = null;

  constructor(
    private readonly options: Options,
    sender: MessageSender,
  ) {
    super();
    silenceLibrary();
    const { keyPair, bodyBytesMax, stopping } = options;
    this.#credentials = keyPair === null ? ServerCredentials.createInsecure() : new ReplaceableKeyPair(keyPair);
    this.#server = new Server({
      "grpc.max_concurrent_streams": CALLS_MAX,
      "grpc.max_receive_message_length": bodyBytesMax + FIELDS_BYTES_MAX,
      // Pings find clients that are gone, so that their calls end.
      "grpc.keepalive_time_ms": 30_000,
      "grpc.keepalive_timeout_ms": 20_000,
    });
    const limits = { bytesMax: bodyBytesMax };
    const handle = (stream: SendCall["stream"]) => {
      const call = new SendCall(stream, sender, limits, () => this.#calls.delete(call));
      this.#calls.add(call);
    };
    this.#server.addService(SENDER, { Send: handle as UntypedHandleCall });
    stopping.addEventListener("abort", () => {
      for (const call of this.#calls) call.refuse();
    });
  }

  /** The port on which it listens; none before it does. */
  get ports(): readonly number[] {
    return this.#port === null ? [] : [this.#port];
  }

  /** Uses another certificate for new connections. Must only be called on a server with one. */
  replaceKeyPair(keyPair: KeyPair): void {
    if (this.#credentials instanceof ReplaceableKeyPair) this.#credentials.replace(keyPair);
  }

  protected async begin(): Promise<void> {
    const { host, port, onListening } = this.options;
    const place = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    try {
      const bound = await new Promise<number>((resolve, reject) => {
        this.#server.bindAsync(place, this.#credentials, (error, at) => (error === null ? resolve(at) : reject(error)));
      });
      this.#port = bound;
      onListening(bound);
    } catch (error) {
      throw await listenError(withCode(error), { host, port, publicUrl: null });
    }
  }

  protected async end(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, CLOSE_GRACE_MS))]);
    this.#server.forceShutdown();
  }
}

/** Returns an error with the code in the text of the library, which has no code otherwise. */
function withCode(error: unknown): unknown {
  const code = /\bE[A-Z]{4,}\b/.exec(String(error))?.[0];
  return code === undefined ? error : Object.assign(new Error(code), { code });
}

/** A certificate that can be replaced while the server runs. */
class ReplaceableKeyPair extends ServerCredentials {
  constructor({ cert, key }: KeyPair) {
    super({}, { cert, key });
  }

  replace({ cert, key }: KeyPair): void {
    this.updateSecureContextOptions({ cert, key });
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

const SENDER: ServiceDefinition = {
  Send: {
    path: sendPath,
    requestStream: true,
    responseStream: true,
    requestDeserialize: decodeSendRequest,
    requestSerialize: unused,
    responseSerialize: encodeSendResponse,
    responseDeserialize: unused,
  },
};

/** A function of clients, which the library demands of servers too. */
function unused(): never {
  throw new Error("Internal error: the server uses a function of clients.");
}
