import type { PayloadVersion } from "../core/resources/payload-version.ts";
import type { SigningKey } from "../core/signature.ts";
import { AccessTokens } from "./access-token.ts";
import { AmqpTarget } from "./amqp.ts";
import { AwsTarget } from "./aws.ts";
import { FunctionTarget } from "./function.ts";
import { GrpcTarget } from "./grpc.ts";
import { HttpTarget } from "./http.ts";
import { KafkaTarget } from "./kafka.ts";
import { lambdaService } from "./lambda.ts";
import { NatsTarget } from "./nats.ts";
import { sqsService } from "./sqs.ts";
import type { PreparedTarget, Target, TargetEndpoint, TargetParts } from "./target.ts";
import { ThinEndpoint } from "./thin.ts";
import { activeTransformation, TransformedEndpoint } from "./transformed.ts";
import { VersionedEndpoint } from "./versioned.ts";
import { WebSocketTarget } from "./websocket.ts";

/** Selects the target of an endpoint by the scheme of its URL. */
export class Targets implements Target {
  readonly #byScheme: ReadonlyMap<string, Target>;

  constructor(private readonly parts: TargetParts) {
    const tokens = new AccessTokens(parts);
    const http = new HttpTarget(parts, tokens);
    const grpc = new GrpcTarget(parts, tokens);
    const amqp = new AmqpTarget(parts);
    this.#byScheme = new Map<string, Target>([
      ["http", http],
      ["https", http],
      ["function", new FunctionTarget(parts)],
      ["grpc", grpc],
      ["grpcs", grpc],
      ["amqp", amqp],
      ["amqps", amqp],
      ["nats", new NatsTarget(parts)],
      ["kafka", new KafkaTarget(parts)],
      ["sqs", new AwsTarget(parts, sqsService(parts.ids))],
      ["lambda", new AwsTarget(parts, lambdaService)],
      ["websocket", new WebSocketTarget(parts)],
    ]);
  }

  /** Like `Target.prepare`. `versions` are the payload versions of the endpoint's environment. */
  prepare(
    endpoint: TargetEndpoint,
    keys: readonly SigningKey[],
    versions: readonly PayloadVersion[] = [],
  ): PreparedTarget {
    const scheme = endpoint.url.slice(0, endpoint.url.indexOf(":"));
    const prepared = this.#byScheme.get(scheme)?.prepare(endpoint, keys) ?? unsupported(scheme);
    const active = activeTransformation(endpoint.transformation ?? null);
    const last = active === null ? prepared : new TransformedEndpoint(this.parts, endpoint, active, prepared);
    if (endpoint.payloadMode === "reference") return this.#thin(endpoint, last);
    return versions.length === 0 ? last : new VersionedEndpoint(this.parts, endpoint, versions, last);
  }

  /** The payload gets the version of the endpoint when its link is used. */
  #thin(endpoint: TargetEndpoint, inner: PreparedTarget): PreparedTarget {
    const { links } = this.parts;
    if (links === undefined) throw new Error("An endpoint wants thin events, but nothing makes their links.");
    return new ThinEndpoint(this.parts, links, endpoint, inner);
  }
}

/**
 * Returns a target that fails every attempt. It is needed if a later release has stored an endpoint
 * with a scheme that this release does not support.
 */
function unsupported(scheme: string): PreparedTarget {
  const detail = `This server cannot deliver to URLs with the scheme ${scheme}.`;
  return { deliver: () => Promise.resolve({ kind: "failure", reason: "connection", detail }) };
}
