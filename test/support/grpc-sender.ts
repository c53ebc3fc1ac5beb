import { ChannelCredentials, type ClientDuplexStream, Metadata, type ServiceError } from "@grpc/grpc-js";
import { services } from "./grpc-receiver.ts";
import { ROOT_TOKEN } from "./server.ts";

/** A message as the published definition has it. Fields that are absent have their defaults. */
export interface SentMessage {
  readonly app?: string;
  readonly eventType?: string;
  readonly payload?: Uint8Array;
  readonly eventId?: string;
  readonly channels?: readonly string[];
}

export interface SendResult {
  readonly id: string;
  readonly error: string;
}

/** A call of `boathook.v1.Sender/Send`, made with the official library. */
export class SendCall implements AsyncDisposable {
  readonly results: SendResult[] = [];
  /** Resolves when the call has ended: with null, or with the status if it is not OK. */
  readonly ended: Promise<ServiceError | null>;
  readonly #client: InstanceType<typeof services.Sender>;
  readonly stream: ClientDuplexStream<SentMessage, SendResult>;
  readonly #watchers = new Set<() => void>();

  constructor(
    port: number,
    { token = ROOT_TOKEN, metadata = {}, credentials = ChannelCredentials.createInsecure() }: SendCallOptions = {},
  ) {
    this.#client = new services.Sender(`127.0.0.1:${port}`, credentials);
    const sent = new Metadata();
    if (token !== null) sent.set("authorization", `Bearer ${token}`);
    for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
    this.stream = this.#client.Send!(sent) as ClientDuplexStream<SentMessage, SendResult>;
    this.stream.on("data", (result: SendResult) => {
      this.results.push(result);
      for (const look of this.#watchers) look();
    });
    this.ended = new Promise((resolve) => {
      this.stream.on("error", (error) => resolve(error as ServiceError));
      this.stream.on("end", () => setImmediate(() => resolve(null)));
    });
  }

  send(message: SentMessage): void {
    this.stream.write(message);
  }

  /** Waits for `count` results and returns all. Rejects if the call ends before. */
  answered(count: number): Promise<readonly SendResult[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly SendResult[]>();
    const look = () => {
      if (this.results.length >= count) resolve(this.results);
    };
    this.#watchers.add(look);
    look();
    void this.ended.then((error) =>
      reject(new Error(`The call ended after ${this.results.length} of ${count} results: ${error?.message ?? "OK"}`)),
    );
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stream.cancel();
    this.#client.close();
  }
}

interface SendCallOptions {
  readonly token?: string | null;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly credentials?: ChannelCredentials;
}
