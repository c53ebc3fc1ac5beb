import type { Subnet } from "../core/address.ts";
import type { AwsCredentials } from "../core/aws-url.ts";
import type { EndpointAuth } from "../core/endpoint-auth.ts";
import type { FunctionSender } from "../core/function-message.ts";
import type { IdCodec, Seq } from "../core/id.ts";
import type { PayloadLink, PayloadMode } from "../core/payload-link.ts";
import type { DeliveredVersion } from "../core/payload-version.ts";
import type { Received } from "../core/received.ts";
import type { EndpointFunction } from "../core/resources/endpoint-function.ts";
import type { Transformation } from "../core/resources/endpoint-transformation.ts";
import type { SignatureHeaders, SigningKey } from "../core/signature.ts";
import type { TraceContext } from "../core/trace.ts";
import type { Answer, Clock, ProtocolClients, RequestMethod, Resolver, Shortage, Transport } from "../ports.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { SocketConsumers } from "../sockets/socket-consumers.ts";

/**
 * Delivers to the endpoints of one URL scheme. A target defines the destination and the protocol of
 * deliveries; the transport below it only moves bytes.
 */
export interface Target {
  /**
   * Does the work that depends only on the endpoint and its keys, so that it is not repeated for
   * every attempt.
   */
  prepare(endpoint: TargetEndpoint, keys: readonly SigningKey[]): PreparedTarget;
}

/** An endpoint, prepared for its attempts. */
export interface PreparedTarget {
  /**
   * Makes one attempt. Returns an `Answer`: the response, or the reason why there was none, in the
   * form in which attempts of every protocol are stored. If a resource of the machine is missing,
   * returns the `Shortage` instead. Resolves soon after `signal` aborts. `delivery` is absent if the
   * message has none.
   */
  deliver(message: TargetMessage, signal: AbortSignal, delivery?: TargetDelivery): Promise<Answer | Shortage>;
  /**
   * Asks the receiver whether it permits webhooks from this origin. Absent if the protocol has no such
   * request.
   */
  askPermission?(origin: string, signal: AbortSignal): Promise<Answer | Shortage>;
  /** The steps of `deliver` if code changes the messages. Absent if they are sent as they are. */
  readonly transforming?: Transforming;
}

/** The steps of a delivery to an endpoint whose messages are changed. */
export interface Transforming {
  /** Changes a message. Returns the failed or cancelled attempt if there is nothing to send. */
  transform(message: TargetMessage, signal: AbortSignal): Promise<Transformed | Answer | Shortage>;
  /** Sends messages as they are. */
  readonly target: PreparedTarget;
}

/** A message that a transformation or the downgrades of payload versions have changed. */
export interface Transformed {
  readonly kind: "message";
  readonly request: TransformedRequest;
  /** Null means the payload of the message. */
  readonly payload: Uint8Array | null;
  /** The headers that replace those of the sender. Null unless a source received the message. */
  readonly received: Pick<TargetMessage, "headers" | "contentType"> | null;
  readonly logs: readonly string[];
  /** The payload as attempts store it. Absent if it is stored as it is sent. */
  readonly shown?: Uint8Array;
}

/** The delivery for which an attempt is made. */
export interface TargetDelivery {
  readonly seq: Seq;
  /** Failed attempts before this one, in this round. */
  readonly attempts: number;
}

export interface TargetEndpoint {
  /** Needed for thin events, and for the consumers of the endpoint. */
  readonly seq?: Seq;
  readonly url: string;
  /** Headers that are sent with every message to the endpoint. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether messages are sent in their order. By default they are not. */
  readonly ordering?: "parallel" | "fifo";
  /** Time limit of an attempt, in ms; null means the default of the policy. */
  readonly timeoutMs: number | null;
  /** How deliveries authenticate. By default only by their signature. */
  readonly auth?: EndpointAuth | null;
  /** PEM certificates to trust instead of those of the system. By default those of the system. */
  readonly tls?: { readonly ca: string } | null;
  /** Code that changes messages. By default there is none. */
  readonly transformation?: Transformation | null;
  /** The code of a `function:` endpoint. By default there is none. */
  readonly function?: EndpointFunction | null;
  /** The payload version in which messages are delivered. By default the form before the first one. */
  readonly apiVersion?: string | null;
  /** Whether payloads or links to them are sent. By default payloads. */
  readonly payloadMode?: PayloadMode;
  /** The application of the endpoint. Needed for a transformation, a function and downgrades. */
  readonly applicationSeq?: Seq;
}

/** A message as a target sends it. */
export interface TargetMessage {
  readonly seq: Seq;
  /** The prefix of the id that is sent. By default that of messages. */
  readonly idPrefix?: "batch_";
  readonly payload: Uint8Array;
  /** Null means `application/json`, or none for a received message. */
  readonly contentType: string | null;
  /** Headers that are sent with this message only. For a received message, those of its sender. */
  readonly headers: Readonly<Record<string, string>> | null;
  /** Null unless a source received the message. */
  readonly received: Received | null;
  /** The trace that the receiver continues. Null or absent if there is none. */
  readonly trace?: TraceContext | null;
  /** Read by transformations and functions. */
  readonly eventType?: string;
  readonly channels?: readonly string[] | null;
  /** Read by functions. */
  readonly eventId?: string | null;
  readonly acceptedAt?: number;
  /** The version of the payload. Absent if it has none. */
  readonly version?: DeliveredVersion;
  /** What a transformation has made of the request. By default it is that of the endpoint. */
  readonly request?: TransformedRequest;
}

/** A request that a transformation has changed. */
export interface TransformedRequest {
  readonly method: RequestMethod;
  /** Null means the URL of the endpoint. */
  readonly url: URL | null;
  /** Replaces the headers of the endpoint and, unless a source received it, those of the message. */
  readonly headers: Readonly<Record<string, string>> | null;
}

export interface TargetPorts {
  readonly clock: Clock;
  readonly resolver: Resolver;
  readonly transport: Transport;
  /** Send over protocols other than HTTP. By default, deliveries over them fail. */
  readonly clients?: ProtocolClients;
  /** Runs transformations and functions. By default, deliveries to endpoints with one wait. */
  readonly sandbox?: Sandbox;
  /** Sends the messages of functions. By default none can be sent. */
  readonly functionSender?: FunctionSender;
}

/** Settings for all targets. */
export interface TargetPolicy {
  /** Private address ranges that are allowed. */
  readonly allowSubnets: readonly Subnet[];
  /** Time limit of an attempt to an endpoint that has no limit of its own, in ms. */
  readonly deliveryTimeoutMs: number;
  readonly maxResponseStoredBytes: number;
  /** Maximum size of a payload that a transformation makes. */
  readonly maxBodyBytes: number;
  readonly signatureHeaders: SignatureHeaders;
  readonly userAgent: string;
  /** Keys for AWS if the URL of an endpoint or a queue contains none. By default there are none. */
  readonly awsCredentials?: AwsCredentials | null;
  /**
   * Whether everything that goes out must use a proxy. Deliveries over protocols that cannot use it
   * fail. The default is false.
   */
  readonly isProxied?: boolean;
  /**
   * Returns the URL to which a delivery to a built-in inbox is sent, or null if the URL does not
   * lead to an inbox. The address policy does not apply to inboxes.
   */
  readonly inbox: (url: URL) => URL | null;
}

/** Makes the links in thin events. */
export interface PayloadLinks {
  /** Returns a new link: its text and the URL that contains it. */
  make(of: Omit<PayloadLink, "linkSeq">): { readonly text: string; readonly url: string };
}

export interface TargetParts {
  readonly ports: TargetPorts;
  readonly policy: TargetPolicy;
  readonly ids: IdCodec;
  /** Needed for endpoints that get thin events. */
  readonly links?: PayloadLinks;
  /** Needed for `websocket:` endpoints. By default, no consumer is connected. */
  readonly socketConsumers?: Pick<SocketConsumers, "countOf" | "deliver">;
}
