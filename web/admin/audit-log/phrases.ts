/**
 * What operations do, in the past tense, after the name of who called them. A name in braces is the
 * kind of a record in the entry's subject. Pure data and functions.
 */
const PHRASES: Readonly<Record<string, string>> = {
  "v1.application.create": "created the customer {appId}",
  "v1.application.update": "created or replaced the customer {appId}",
  "v1.application.patch": "changed the customer {appId}",
  "v1.application.delete": "deleted the customer {appId}",
  "application.move-depart": "moved the customer {appId} to another server",
  "application.arrive": "took the customer {appId} over from another server",
  "application.arrival-abandon": "gave up moving the customer {appId} here from another server",
  "v1.event-type.create": "created the event type {eventTypeName}",
  "v1.event-type.update": "created or replaced the event type {eventTypeName}",
  "v1.event-type.patch": "changed the event type {eventTypeName}",
  "v1.event-type.delete": "archived or deleted the event type {eventTypeName}",
  "v1.event-type.import-openapi": "imported event types from an OpenAPI document",
  "payload-version.create": "created the payload version {payloadVersion}",
  "payload-version.patch": "changed the payload version {payloadVersion}",
  "payload-version.delete": "deleted the payload version {payloadVersion}",
  "v1.endpoint.create": "created the endpoint {endpointId} of {appId}",
  "v1.endpoint.update": "created or replaced the endpoint {endpointId} of {appId}",
  "v1.endpoint.patch": "changed the endpoint {endpointId} of {appId}",
  "v1.endpoint.delete": "deleted the endpoint {endpointId} of {appId}",
  "v1.endpoint.rotate-secret": "replaced the secret of the endpoint {endpointId} of {appId}",
  "v1.endpoint.update-headers": "replaced the headers of the endpoint {endpointId} of {appId}",
  "v1.endpoint.transformation.patch": "changed the transformation of the endpoint {endpointId} of {appId}",
  "v1.endpoint.patch-headers": "changed the headers of the endpoint {endpointId} of {appId}",
  "v1.endpoint.set-oauth-config": "set the OAuth client of the endpoint {endpointId} of {appId}",
  "v1.endpoint.delete-oauth-config": "removed the OAuth client of the endpoint {endpointId} of {appId}",
  "v1.endpoint.set-mtls-config": "set the client certificate of the endpoint {endpointId} of {appId}",
  "v1.endpoint.delete-mtls-config": "removed the client certificate of the endpoint {endpointId} of {appId}",
  "v1.endpoint.set-server-ca": "set the CA of the endpoint {endpointId} of {appId}",
  "endpoint.verify": "verified or challenged the endpoint {endpointId} of {appId}",
  "v1.endpoint.recover": "resent failed messages to the endpoint {endpointId} of {appId}",
  "v1.endpoint.replay-missing": "sent missed messages to the endpoint {endpointId} of {appId}",
  "v1.endpoint.bulk-replay": "resent messages to the endpoint {endpointId} of {appId}",
  "v1.endpoint.cancel-msgs": "cancelled waiting messages for the endpoint {endpointId} of {appId}",
  "message.cancel": "cancelled the message {msgId} of {appId}",
  "v1.message.expunge-content": "deleted the payload of the message {msgId} of {appId}",
  "v1.message.bulk-expunge-content": "deleted the payloads of several messages of {appId}",
  "v1.message.expunge-all-contents": "deleted the payloads of all messages of {appId}",
  "v1.message-attempt.expunge-content": "deleted the response of the attempt {attemptId} of {appId}",
  "v1.message-attempt.resend": "resent the message {msgId} to the endpoint {endpointId} of {appId}",
  "dead-letter.redrive": "started a redrive of dead letters",
  "dead-letter.drop": "started to drop dead letters",
  "dead-letter.delete": "dropped dead letters",
  "v1.admin.redrive-dlq": "started a redrive of dead letters",
  "v1.operational-webhook.endpoint.create": "created the operational webhook {endpointId}",
  "v1.operational-webhook.endpoint.upsert": "created or replaced the operational webhook {endpointId}",
  "v1.operational-webhook.endpoint.delete": "deleted the operational webhook {endpointId}",
  "v1.operational-webhook.endpoint.rotate-secret": "replaced the secret of the operational webhook {endpointId}",
  "v1.operational-webhook.endpoint.set-headers": "replaced the headers of the operational webhook {endpointId}",
  "v1.authentication.app-portal-access": "created a portal link for {appId}",
  "v1.authentication.dashboard-access": "created a portal link for {appId}",
  "v1.authentication.logout": "revoked the token of the request",
  "v1.authentication.expire-all": "expired tokens of {appId}",
  "session.create": "logged in",
  "login.complete": "logged in at the identity provider",
  "session.log-out": "logged out",
  "session.delete": "ended a session",
  "v1.management.environment.create": "created an environment",
  "v1.management.environment.update": "renamed an environment",
  "v1.management.environment.delete": "deleted an environment",
  "environment.pause": "paused the deliveries of the environment",
  "environment.resume": "resumed the deliveries of the environment",
  "delivery.hold": "held all deliveries of the server",
  "delivery.resume": "resumed all deliveries of the server",
  "notice.test": "sent a test notice",
  "v1.environment.import": "imported a configuration into the environment",
  "v1.management.authentication.create-api-token": "created the token {tokenId}",
  "v1.management.authentication.update-api-token": "renamed the token {tokenId}",
  "v1.management.authentication.patch-api-token": "changed the token {tokenId}",
  "v1.management.authentication.expire-api-token": "expired or revoked the token {tokenId}",
  "token.create": "created the token {tokenId}",
  "token.revoke": "revoked the token {tokenId}",
  "key.rotate": "replaced the encryption key",
  "key.forget": "removed earlier encryption keys",
  "token.root.rotate": "replaced the root token",
  "background-task.cancel": "cancelled the task {taskId}",
  "v1.ingest.source.create": "created the source {sourceId}",
  "v1.ingest.source.upsert": "created or replaced the source {sourceId}",
  "v1.ingest.source.patch": "changed the source {sourceId}",
  "v1.ingest.source.delete": "deleted the source {sourceId}",
  "v1.ingest.source.rotate-token": "replaced the URL of the source {sourceId}",
  "v1.ingest.endpoint.create": "created the endpoint {endpointId} of the source {sourceId}",
  "v1.ingest.endpoint.upsert": "created or replaced the endpoint {endpointId} of the source {sourceId}",
  "ingest.endpoint.verify": "verified or challenged the endpoint {endpointId} of the source {sourceId}",
  "ingest.endpoint.patch": "changed the endpoint {endpointId} of the source {sourceId}",
  "ingest.endpoint.patch-headers": "changed the headers of the endpoint {endpointId} of the source {sourceId}",
  "v1.ingest.endpoint.delete": "deleted the endpoint {endpointId} of the source {sourceId}",
  "v1.ingest.endpoint.rotate-secret": "replaced the secret of the endpoint {endpointId} of the source {sourceId}",
  "v1.ingest.endpoint.set-headers": "replaced the headers of the endpoint {endpointId} of the source {sourceId}",
  "v1.ingest.endpoint.transformation.patch": "changed the transformation of the endpoint {endpointId} of {sourceId}",
  "v1.ingest.authentication.consumer-portal-access": "created a portal link for the source {sourceId}",
};

/** The operations that the page has words for. */
export const KNOWN_ACTIONS: readonly string[] = Object.keys(PHRASES);

/** Names of records that are not worth a line of their own. */
const SILENT = new Set(["environmentId"]);

export type Part = { readonly text: string } | { readonly kind: string };

export interface Sentence {
  /** Texts, and kinds of records that stand in their places. */
  readonly parts: readonly Part[];
  /** The kinds of the subject that the sentence does not contain. */
  readonly rest: readonly string[];
}

/** Returns the sentence of an operation without its subject. Operations without words are named by their ids. */
export function sentenceOf(action: string, kinds: readonly string[]): Sentence {
  const phrase = PHRASES[action] ?? `called ${action.replace(/^v1\./, "")}`;
  const parts = phrase.split(/\{(\w+)\}/).flatMap((text, at): Part[] => {
    if (at % 2 === 0) return text === "" ? [] : [{ text }];
    // An entry whose outcome is unknown may lack an id.
    return [kinds.includes(text) ? { kind: text } : { text: "(unknown)" }];
  });
  const named = parts.flatMap((part) => ("kind" in part ? [part.kind] : []));
  return { parts, rest: kinds.filter((kind) => !named.includes(kind) && !SILENT.has(kind)) };
}

const KIND_WORDS: Readonly<Record<string, string>> = {
  appId: "customer",
  endpointId: "endpoint",
  environmentId: "environment",
  tokenId: "token",
  taskId: "task",
  msgId: "message",
  sourceId: "source",
  sessionId: "session",
  eventTypeName: "event type",
  payloadVersion: "payload version",
  attemptId: "attempt",
};

export function kindWord(kind: string): string {
  return KIND_WORDS[kind] ?? kind;
}
