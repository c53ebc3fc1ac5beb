import { OneLife, type Service } from "../core/service.ts";
import type {
  AmqpRequest,
  GrpcRequest,
  KafkaRequest,
  NatsRequest,
  OpenQueue,
  ProtocolClient,
  ProtocolClients,
  RemoteRequest,
} from "../ports.ts";

/**
 * The clients of protocols other than HTTP. The code of a client is loaded for the first delivery over
 * its protocol, so protocols that nobody uses cost neither time nor memory. `stop` closes all
 * connections.
 */
export class LazyProtocolClients extends OneLife implements ProtocolClients {
  readonly #loaded: Promise<Service>[] = [];

  readonly grpc = this.#lazy<GrpcRequest>(async () => new (await import("./grpc/client.ts")).GrpcClient());
  readonly amqp = this.#lazy<AmqpRequest>(async () => new (await import("./amqp/client.ts")).AmqpClient());
  readonly nats = this.#lazy<NatsRequest>(async () => new (await import("./nats/client.ts")).NatsClient());
  readonly kafka = this.#lazy<KafkaRequest>(async () => new (await import("./kafka/client.ts")).KafkaClient());

  readonly queues = {
    amqp: async (...args: Parameters<OpenQueue>) => (await import("./amqp/queue.ts")).openAmqpQueue(...args),
    nats: async (...args: Parameters<OpenQueue>) => (await import("./nats/queue.ts")).openNatsQueue(...args),
    kafka: async (...args: Parameters<OpenQueue>) => (await import("./kafka/queue.ts")).openKafkaQueue(...args),
  };

  protected begin(): void {}

  protected async end(): Promise<void> {
    await Promise.all(this.#loaded.map(async (client) => (await client).stop()));
  }

  #lazy<Request extends RemoteRequest>(
    load: () => Promise<ProtocolClient<Request> & Service>,
  ): ProtocolClient<Request> {
    let client: Promise<ProtocolClient<Request> & Service> | null = null;
    const start = async () => {
      const loaded = await load();
      await loaded.start();
      return loaded;
    };
    return {
      send: async (request, signal) => {
        if (client === null) {
          client = start();
          this.#loaded.push(client);
        }
        return (await client).send(request, signal);
      },
    };
  }
}
