import { Kafka, type RetryOptions } from "kafkajs";
import { type KafkaUrl, kafkaUrl } from "../../core/endpoint-url/kafka.ts";
import type { ClientTls, FindAddresses } from "../../ports.ts";
import type { NoConnection } from "../broker/failure.ts";
import { BrokerSocket } from "./broker-socket.ts";

/** Time limit of `kafkajs` for connecting to a broker, in ms. That of the socket is shorter. */
const CONNECT_MS_MAX = 15_000;

/** A Kafka cluster, and how to connect to it. */
export interface KafkaPlace {
  /** The URL with its password. */
  readonly url: URL;
  readonly tls: ClientTls | null;
  readonly findAddresses: FindAddresses;
}

/** What `kafkajs` logs when the next offset of a partition does not exist. It reports this nowhere else. */
const OFFSET_RESET = "Offset out of range, resetting to default offset";

interface LinkOptions {
  /** Maximum size of a response. */
  readonly responseBytesMax: number;
  /** How `kafkajs` retries temporary refusals of a broker. By default it does not. */
  readonly retry?: RetryOptions;
  /** Time limit of a request, in ms. Null means none. */
  readonly requestMs: number | null;
  /** Called when a consumer continues with the oldest message of a partition, because its next one is gone. */
  readonly onOffsetReset?: (partition: number) => void;
}

/** A client of a cluster and its connections. */
export class KafkaLink {
  readonly client: Kafka;
  readonly named: KafkaUrl;
  /** Why the latest connection could not be opened. Null if none has failed. */
  failure: NoConnection | null = null;
  readonly #sockets = new Set<BrokerSocket>();

  constructor(
    private readonly place: KafkaPlace,
    private readonly options: LinkOptions,
  ) {
    this.named = kafkaUrl(place.url);
    const { brokers, login } = this.named;
    const { requestMs, retry = { retries: 0 }, onOffsetReset } = options;
    this.client = new Kafka({
      clientId: "boathook",
      brokers: brokers.map(({ host, port }) => `${seedHost(host)}:${port}`),
      ...(login !== null && {
        sasl: { mechanism: login.mechanism, username: login.user, password: login.password } as never,
      }),
      socketFactory: (broker) => this.#socket(broker) as never,
      connectionTimeout: CONNECT_MS_MAX,
      enforceRequestTimeout: requestMs !== null,
      ...(requestMs !== null && { requestTimeout: requestMs }),
      retry,
      logCreator:
        () =>
        ({ log: { message, partition } }) => {
          if (message === OFFSET_RESET) onOffsetReset?.(Number(partition));
        },
    });
  }

  /** Ends all connections at once. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #socket({ host: given, port, onConnect }: SocketFactoryArguments) {
    const { tls, findAddresses } = this.place;
    const { responseBytesMax } = this.options;
    const { brokers, isEncrypted } = this.named;
    const host = brokers.find((broker) => seedHost(broker.host) === given)?.host ?? given;
    const socket = new BrokerSocket(
      { host, port, isEncrypted, tls, findAddresses, responseBytesMax },
      onConnect,
      (failed) => {
        this.failure = failed;
      },
    );
    this.#sockets.add(socket);
    const forget = () => this.#sockets.delete(socket);
    socket.on("end", forget);
    socket.on("error", forget);
    return socket;
  }
}

interface SocketFactoryArguments {
  readonly host: string;
  readonly port: number;
  readonly onConnect: () => void;
}

/** Escapes a host for `brokers`, whose entries `kafkajs` splits at each colon. */
function seedHost(host: string): string {
  return host.startsWith("[") ? encodeURIComponent(host) : host;
}
