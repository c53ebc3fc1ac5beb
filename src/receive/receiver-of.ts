import { exampleRequest } from "./example.ts";
import { readEventType, readKey, tableExpression } from "./expression.ts";
import { type HandshakeName, type HandshakeRule, type HandshakeSource, handshakes } from "./handshakes/index.ts";
import type { Provider } from "./provider.ts";
import type { DoorReply, PassedState, Receiver } from "./receiver.ts";
import { viewOf } from "./request-view.ts";
import { coversBody } from "./schemes/generic-hmac.ts";
import { prepareScheme } from "./schemes/index.ts";
import { configText, failed, type PreparedScheme, passed, type SourceConfig, secretsOf } from "./schemes/scheme.ts";

export interface ReceiverOptions {
  readonly verification: "enforce" | "record" | "off";
  /** The URL that is registered with the provider. */
  readonly url: string;
}

/** The handshakes that bring the secret of a source. */
const CAPTURES: ReadonlySet<HandshakeName> = new Set(["asana-hook-secret", "notion-verification-token"]);

/**
 * Prepares a provider's rules with the configuration of one source: keys, header names, templates
 * and expressions are parsed here and not per request.
 */
export function receiverOf(provider: Provider, config: SourceConfig, options: ReceiverOptions): Receiver {
  const scheme = prepareScheme(provider.scheme, config);
  const awaitsSecret = isAwaitingSecret(provider, config);
  const isOff = isUnchecked(provider, config, options.verification);
  const eventType = provider.eventType === null ? null : tableExpression(provider.eventType);
  const deliveryId = provider.deliveryId === null ? null : tableExpression(provider.deliveryId);
  return {
    state: isOff ? "unattempted" : stateOf(provider, config),
    methods: methodsOf(provider),
    secretHeaders: scheme.secretHeaders,
    reply: replyOf(provider, config),
    refusal: provider.refusal,
    awaitsSecret,
    handshake: handshakeOf(provider, {
      secrets: secretsOf(config),
      url: options.url,
      awaitsSecret,
      option: (name) => configText(config, name),
    }),
    check: isOff ? () => passed : checkOf(scheme, provider, awaitsSecret),
    eventType: (request) => (eventType === null ? null : readEventType(eventType, viewOf(request))),
    deliveryId: (request) => (deliveryId === null ? null : readKey(deliveryId, viewOf(request))),
    example: (eventType, nowSeconds, body = null) => {
      if (scheme.sign === null && !isOff) return null;
      const realistic = exampleRequest(provider, eventType, nowSeconds);
      const example = body === null ? realistic : { ...realistic, body };
      const signed = scheme.sign?.(example, options.url + example.query, nowSeconds) ?? example;
      return { ...signed, headers: withLowerCaseNames(signed.headers) };
    },
  };
}

function checkOf(scheme: PreparedScheme, { handshake }: Provider, awaitsSecret: boolean): Receiver["check"] {
  if (awaitsSecret) return () => failed("missing_signature");
  const rules: readonly HandshakeRule[] = handshake.map((name) => handshakes[name]);
  const signing = rules.filter(({ signsForAnyone }) => signsForAnyone !== undefined);
  return (request, nowSeconds, fetched) => {
    const view = viewOf(request);
    const check = scheme.check(view, nowSeconds, fetched);
    if (check.kind !== "passed" || !signing.some((rule) => rule.signsForAnyone?.(view))) return check;
    return failed("signature_mismatch");
  };
}

/** Fills in `{config:name}` in the headers of the provider's reply. */
function replyOf({ reply }: Provider, config: SourceConfig): DoorReply {
  const headers = Object.entries(reply.headers).map(([name, value]) => {
    const field = /^\{config:(\w+)\}$/.exec(value)?.[1];
    return [name, field === undefined ? value : configText(config, field)] as const;
  });
  return {
    ...reply,
    headers: Object.fromEntries(headers.filter(([, value]) => value !== null)) as DoorReply["headers"],
  };
}

function withLowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function handshakeOf({ handshake: names }: Provider, source: HandshakeSource): Receiver["handshake"] {
  const rules = names.map((name) => handshakes[name]);
  return (request) => {
    const view = rules.length === 0 ? null : viewOf(request);
    for (const rule of rules) {
      const handshake = view === null ? null : rule.answer(view, source);
      if (handshake !== null) return handshake;
    }
    return null;
  };
}

/** Returns the methods of a provider's requests and of its handshakes. */
export function methodsOf({ methods, handshake }: Provider): ReadonlySet<string> | null {
  return methods === null ? null : new Set([...methods, ...handshake.flatMap((name) => handshakes[name].methods)]);
}

function isAwaitingSecret(provider: Provider, config: SourceConfig): boolean {
  return secretsOf(config).length === 0 && provider.handshake.some((name) => CAPTURES.has(name));
}

/** Returns whether requests are stored without a check. */
function isUnchecked(provider: Provider, config: SourceConfig, verification: ReceiverOptions["verification"]): boolean {
  return verification === "off" || isWithoutSecret(provider, config);
}

/** Returns whether an optional secret is missing that no handshake brings. */
export function isWithoutSecret(provider: Provider, config: SourceConfig): boolean {
  const field = provider.config.find(({ name }) => name === "secret");
  if (field === undefined || field.isRequired || isAwaitingSecret(provider, config)) return false;
  return secretsOf(config).length === 0;
}

/** Returns what a request proves that passes the check of a source with this configuration. */
function stateOf(provider: Provider, config: SourceConfig): PassedState {
  const { scheme } = provider;
  if (scheme.type === "generic-hmac" && scheme.timedString === undefined && !coversBody(config)) return "authenticated";
  return provider.state;
}
