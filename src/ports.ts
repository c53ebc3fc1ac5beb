/**
 * Ports of the delivery engine: time, randomness, the network and name resolution. All decisions
 * are functions of plain values, so a simulation can replace these four. The real implementations
 * are in `edge/`.
 */

/**
 * Cancels the task for which it was returned. Does nothing if the task has run or was already
 * cancelled.
 */
export type Cancel = () => void;

export interface Clock {
  /** Returns the time in ms since the Unix epoch. It may step backwards, as real clocks do. */
  now(): number;
  /**
   * Returns the ms since a fixed time in the past. It never steps back, so it is used for waits and
   * durations.
   */
  steady(): number;
  /** Runs `task` once after `delayMs` (0 to 2^31-1). */
  after(delayMs: number, task: () => void): Cancel;
  /**
   * Runs `task` at the end of this turn of the event loop, after all its input has been processed.
   */
  soon(task: () => void): void;
}

export interface Random {
  /** Returns a random number in [0, 1). */
  next(): number;
  /** Returns `count` bytes from a cryptographically secure source. */
  bytes(count: number): Uint8Array;
}

/**
 * The reason why an attempt got no usable response. The names are also public `reason`s of attempts
 * and dead letters.
 */
export type TransportFailure = "timeout" | "connection" | "dns" | "tls" | "blocked" | "auth" | "proxy";

/** A resource of this machine that deliveries need. */
export type ShortResource = "open-files" | "local-ports" | "memory" | "network" | "name-servers" | "sandbox";

/**
 * Nothing was sent, because this machine lacks a resource. The receiver is not to blame, so this
 * does not count as an attempt.
 */
export interface Shortage {
  readonly kind: "shortage";
  readonly resource: ShortResource;
  /** What happened and what to do, as text for operators. */
  readonly detail: string;
}

/** How a client verifies servers and identifies itself to them in TLS. */
export interface ClientTls {
  /** PEM certificates to trust instead of those of the system. Null means those of the system. */
  readonly ca: string | null;
  /** The client's certificate chain and key in PEM, or null. */
  readonly identity: { readonly certificate: string; readonly key: string } | null;
  /** Equal for equal values. Connections with different ids must not be shared. */
  readonly id: string;
}

/** The methods that a transformation can choose. */
export type RequestMethod = "POST" | "PUT" | "PATCH";

export interface OutgoingRequest {
  /** Default: `POST`. */
  readonly method?: "GET" | "OPTIONS" | "DELETE" | RequestMethod;
  /** The endpoint's URL as configured. */
  readonly url: URL;
  /**
   * IP addresses of the receiver, at least one. They have passed the address policy, and the name
   * is not looked up again. The transport chooses the order. It tries the next address only if no
   * part of the request has been sent.
   */
  readonly addresses: readonly string[];
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: Uint8Array;
  /**
   * Trust and identity for an https URL. By default, the certificates of the system are trusted and
   * the client has no certificate.
   */
  readonly tls?: ClientTls | null;
  /** Whether the request goes to this server itself and therefore never through a proxy. */
  readonly isLocal?: boolean;
  /**
   * Time limit of the attempt, in ms. The transport divides it among the addresses; `signal`
   * enforces it.
   */
  readonly timeoutMs: number;
  /** Maximum number of bytes of the response body to read. The rest is not read. */
  readonly responseBytesMax: number;
  /** Whether the headers of a successful response are wanted too. */
  readonly keepsHeaders?: boolean;
}

/** The headers of a request and of its response, as lines of Latin-1 text. */
export interface ExchangedHeaders {
  /** The head of the request as it was sent: request line, headers and the empty line. */
  readonly request: string;
  /** The header lines of the response, each with a line feed. Empty if there was no response. */
  readonly response: string;
}

/** The changes and log lines of an endpoint's code and of the downgrades of payload versions. */
export interface TransformationResult {
  /**
   * The request that it made of the message. Null if it failed or cancelled the delivery, and for
   * functions.
   */
  readonly sent: {
    readonly method: RequestMethod;
    readonly url: string;
    /** Null means the payload of the message. */
    readonly payload: Uint8Array | null;
  } | null;
  /** The lines that the code wrote with `console`. */
  readonly logs: readonly string[];
}

export type Answer = AnswerKind & {
  /** Absent if no code ran. */
  readonly transformation?: TransformationResult;
  /** The payload version that was sent. Absent if there was none. */
  readonly apiVersion?: string;
};

type AnswerKind =
  | {
      readonly kind: "response";
      readonly status: number;
      /** The reason of the failure if the status does not say it. */
      readonly reason?: "timeout";
      /** The raw `Retry-After` header, or null if it is absent. */
      readonly retryAfter: string | null;
      /** The raw `Cache-Control` header; undefined if it is absent. */
      readonly cacheControl?: string | undefined;
      /** The raw `WebHook-Allowed-Origin` header; undefined if it is absent. */
      readonly allowedOrigin?: string | undefined;
      /**
       * The body: at most `responseBytesMax` bytes, decoded to UTF-8 where possible. A longer body
       * is cut between characters.
       */
      readonly body: Uint8Array;
      /**
       * A defect of the response as one sentence, or null. The status counts even if there is a
       * defect.
       */
      readonly note: string | null;
      /** The headers of the exchange; absent if it was successful, unless the request keeps them. */
      readonly headers?: ExchangedHeaders | undefined;
    }
  | {
      readonly kind: "failure";
      readonly reason: TransportFailure | "transformation" | "function";
      readonly detail: string;
      /** Absent if no part of the request was sent. */
      readonly headers?: ExchangedHeaders | undefined;
      /** Whether the failure says nothing about the health of the endpoint. */
      readonly sparesEndpoint?: true;
    }
  /** The transformation cancelled the delivery. Nothing was sent. */
  | { readonly kind: "cancelled"; readonly detail: string; readonly headers?: undefined };

/** Why a host was not or cannot be reached. */
export type Unreachable = Extract<Answer, { kind: "failure" }> | Shortage;

/** Finds the IP addresses of a host name, or of an IP address, that pass the address policy; at least one. */
export type FindAddresses = (host: string, signal: AbortSignal) => Promise<readonly string[] | Unreachable>;

export interface Transport {
  /**
   * Sends one request and reads the response. Never rejects; errors resolve to a `failure`.
   * After `signal` aborts, it resolves soon with `timeout` and releases the connection and the
   * body.
   */
  send(request: OutgoingRequest, signal: AbortSignal): Promise<Answer | Shortage>;
}

/** A message on its way over a protocol other than HTTP. */
export interface RemoteRequest {
  /** The endpoint's URL with its password. */
  readonly url: URL;
  /** IP addresses of the receiver, as in `OutgoingRequest`. */
  readonly addresses: readonly string[];
  /** Trust and identity, as in `OutgoingRequest`. */
  readonly tls: ClientTls | null;
  /** Time limit of the attempt, in ms. `signal` enforces it. */
  readonly timeoutMs: number;
  /** Maximum number of bytes of the response to keep. */
  readonly responseBytesMax: number;
}

/** Sends messages over one protocol other than HTTP, on connections that deliveries share. */
export interface ProtocolClient<Request extends RemoteRequest> {
  /**
   * Sends one message and waits until the receiver has accepted or refused it. Errors of the receiver
   * and the network resolve to an answer. Resolves soon after `signal` aborts.
   */
  send(request: Request, signal: AbortSignal): Promise<Answer | Shortage>;
}

/** A call of `boathook.v1.Receiver/Deliver`. */
export interface GrpcRequest extends RemoteRequest {
  readonly metadata: ReadonlyArray<readonly [name: string, value: string]>;
  readonly message: GrpcMessage;
}

/** The message `boathook.v1.DeliverRequest`. */
export interface GrpcMessage {
  readonly id: string;
  readonly eventType: string;
  /** Time of the attempt, in seconds since the Unix epoch. */
  readonly timestamp: number;
  readonly payload: Uint8Array;
  readonly contentType: string;
  readonly channels: readonly string[];
}

export interface AmqpRequest extends RemoteRequest {
  readonly message: AmqpMessage;
}

/** A message for an exchange of an AMQP 0-9-1 server. */
export interface AmqpMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly id: string;
  readonly eventType: string;
  /** Time of the attempt, in seconds since the Unix epoch. */
  readonly timestamp: number;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface NatsRequest extends RemoteRequest {
  readonly message: NatsMessage;
}

/** A message for a stream of a NATS server. */
export interface NatsMessage {
  readonly subject: string;
  readonly id: string;
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: Uint8Array;
}

export interface KafkaRequest extends RemoteRequest {
  /** Finds the addresses of the brokers that a cluster names. */
  readonly findAddresses: FindAddresses;
  readonly message: KafkaMessage;
}

/** A message for a topic of Kafka. */
export interface KafkaMessage {
  readonly topic: string;
  /** Messages with equal keys are in one partition. */
  readonly key: string;
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: Uint8Array;
}

/** A message in a queue of a broker. */
export interface BrokerMessage {
  /** The id by which duplicates are recognised. Null means that the message has none. */
  readonly id: string | null;
  /** The event type, if the protocol has a field for it. Null means the header `event-type`. */
  readonly eventType: string | null;
  /**
   * Headers or attributes with text values, and `content-type` if the message states one. The names
   * are in lower case.
   */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The queue, topic or subject that contains the message. */
  readonly place: string;
}

/**
 * What happens to a message in its queue. `stored`: the message is stored, or is a duplicate of a stored
 * one, and leaves the queue. `refused`: the message can never be stored. The broker rejects it if the
 * protocol can express that; otherwise the message just leaves the queue.
 */
export type Disposition = "stored" | "refused";

/** A connection to a broker that takes the messages of one queue. */
export interface BrokerConnection<M extends BrokerMessage = BrokerMessage> {
  /**
   * Resolves to the next messages in their order: at least one, and at most `max`. Must not be called
   * again before it has resolved. Rejects when the connection is lost, and soon after `signal` aborts.
   */
  receive(max: number, signal: AbortSignal): Promise<readonly M[]>;
  /**
   * Settles a message. Messages are settled in the order in which they were received, but the call
   * does not wait for the one before it. Rejects if the connection is lost; the message is then
   * received again.
   */
  settle(message: M, how: Disposition): Promise<void>;
  /**
   * Ends the connection. The broker may give unsettled messages to others at once. Never rejects, and
   * may be called repeatedly.
   */
  close(): Promise<void>;
}

/** The queue from which a source takes messages, and how it takes them. */
export interface QueueRequest {
  /** The URL of the queue with its password. */
  readonly url: URL;
  /** IP addresses of the broker, as in `OutgoingRequest`. */
  readonly addresses: readonly string[];
  /** Finds the addresses of further brokers that a cluster names. */
  readonly findAddresses: FindAddresses;
  readonly tls: ClientTls | null;
  /** Maximum number of messages that are received and not settled. */
  readonly prefetch: number;
  /** Size up to which a message is taken, in bytes. More than one byte beyond it need not be received. */
  readonly bodyBytesMax: number;
  /** A name for the consumer that stays the same for the source. */
  readonly consumer: string;
  /** Called when messages were removed from the queue before they were taken. `detail` is a sentence. */
  readonly onRemoved?: (detail: string) => void;
}

/**
 * Connects to a queue. Rejects with a `BrokerError` if that fails, and soon after `signal` aborts. No
 * text of an error contains credentials.
 */
export type OpenQueue = (request: QueueRequest, signal: AbortSignal) => Promise<BrokerConnection>;

/** The protocols over which sources take messages, besides HTTP. */
export type QueueProtocol = "amqp" | "kafka" | "nats";

/** The clients of all protocols other than HTTP. */
export interface ProtocolClients {
  readonly queues: Readonly<Record<QueueProtocol, OpenQueue>>;
  readonly grpc: ProtocolClient<GrpcRequest>;
  readonly amqp: ProtocolClient<AmqpRequest>;
  readonly nats: ProtocolClient<NatsRequest>;
  readonly kafka: ProtocolClient<KafkaRequest>;
}

export interface Resolver {
  /**
   * Resolves a host name to IP addresses. Resolves to an empty list if the name does not exist, if
   * the lookup fails or takes more than a few seconds, or after `signal` aborts. Resolves to a
   * shortage if no name server responds to anything. Never rejects. The addresses may be minutes old,
   * so callers must check each address rather than the name.
   */
  resolve(host: string, signal: AbortSignal): Promise<readonly string[] | Shortage>;
}
