/** What is found by its id alone. */
import type { Seq } from "../../../core/id.ts";
import { maskPassword } from "../../../core/url-password.ts";
import { hasScopes } from "../../identity/access.ts";
import type { Call, Hit } from "./hit.ts";

/** Lists begin after the number in `from`, so a page of one begins with the record that is sought. */
const pageAt = (seq: Seq) => ({ limit: 1, from: seq + 1, backwards: false, order: "descending" }) as const;

/**
 * Returns the dead letter, entry of a source's log, session, environment, endpoint of operational
 * webhooks or entry of the audit log with an id.
 */
export async function rarerHits(call: Call): Promise<readonly Hit[]> {
  const finders = [deadLetter, sourceLogEntry, session, environment, operationalEndpoint, auditEntry];
  const found = await Promise.all(finders.map((find) => find(call)));
  return found.filter((hit) => hit !== null);
}

type Find = (call: Call) => Promise<Hit | null>;

const deadLetter: Find = async ({ store, ids, identity, text }) => {
  const seq = hasScopes(identity, "dead-letter:Read") ? ids.decode("dlv_", text) : null;
  if (seq === null) return null;
  const { environmentSeq } = identity;
  const filter = { environmentSeq, deliverySeqs: [seq] };
  const [letter] = (await store.history.deadLetters.list(filter, { ...pageAt(seq), from: null })).rows;
  if (letter === undefined) return null;
  const { applicationSeq, messageSeq, eventType } = letter;
  // An application that is deleted or hidden is not found.
  if ((await store.configuration.applications.find(environmentSeq, { seq: applicationSeq })) === null) return null;
  return { kind: "dead-letter", id: text, title: eventType, applicationSeq, messageSeq };
};

const sourceLogEntry: Find = async ({ store, ids, identity, text }) => {
  const seq = ids.decode("log_", text);
  const entry = seq === null ? null : await store.history.sourceLog.get(seq);
  if (entry === null) return null;
  const source = await store.configuration.sources.find(identity.environmentSeq, { seq: entry.sourceSeq });
  if (source === null) return null;
  return { kind: "source-log-entry", id: text, title: `${source.name}: ${entry.cause}`, sourceSeq: source.seq };
};

const session: Find = async ({ store, ids, identity, text, clock }) => {
  const seq = hasScopes(identity, "session:Read") ? ids.decode("sess_", text) : null;
  if (seq === null) return null;
  const filter = { environmentSeq: identity.environmentSeq, includesRoot: identity.root, now: clock.now() };
  const [found] = (await store.configuration.sessions.list(filter, pageAt(seq))).rows;
  return found?.seq === seq ? { kind: "session", id: text, title: "Session" } : null;
};

/** Only the root token and users know other environments than their own. */
const environment: Find = async ({ store, ids, identity, text }) => {
  const seq = hasScopes(identity, "environment:Read") ? ids.decode("org_", text) : null;
  if (seq === null || (seq !== identity.environmentSeq && !identity.root)) return null;
  const found = await store.configuration.environments.get(seq);
  return found === null ? null : { kind: "environment", id: text, title: found.name };
};

const operationalEndpoint: Find = async ({ store, ids, identity, text }) => {
  const seq = hasScopes(identity, "operational-webhook:Read") ? ids.decode("ep_", text) : null;
  const endpoint = seq === null ? null : await store.configuration.endpoints.get(seq);
  if (endpoint === null || endpoint.deleted) return null;
  const application = await store.configuration.applications.operationalOf(identity.environmentSeq);
  if (application?.seq !== endpoint.applicationSeq) return null;
  return { kind: "operational-endpoint", id: text, title: maskPassword(endpoint.url) };
};

const auditEntry: Find = async ({ store, ids, identity, text }) => {
  const seq = hasScopes(identity, "audit-log:Read") ? ids.decode("audit_", text) : null;
  if (seq === null) return null;
  const [entry] = (await store.configuration.audit.list(identity.environmentSeq, {}, pageAt(seq))).rows;
  return entry?.seq === seq ? { kind: "audit-entry", id: text, title: entry.action } : null;
};
