import { IdCodec } from "../../../src/core/id.ts";
import type { Customer } from "./customers.ts";
import type { SeedParts } from "./parts.ts";

/** One audit entry for this many messages. */
const MESSAGES_PER_ENTRY = 40;
const TASKS_MAX = 500;
const LOG_ENTRIES_MAX = 900;
const TOKENS = 60;

/** Writes what belongs to no message: tokens, tasks, the audit log and the logs of the sources. */
export async function writeRecords(
  parts: SeedParts,
  customers: readonly Customer[],
  { messages, endAt }: { readonly messages: number; readonly endAt: number },
): Promise<void> {
  const startAt = parts.clock.at;
  const entries = Math.ceil(messages / MESSAGES_PER_ENTRY);
  for (let i = 0; i < TOKENS; i++) await writeToken(parts, customers, i);
  for (let i = 0; i < entries; i++) {
    parts.clock.at = Math.floor(startAt + ((endAt - startAt) * i) / entries);
    await Promise.all([
      writeAuditEntry(parts, customers[i % customers.length]!, i),
      i < TASKS_MAX ? writeTask(parts, customers[i % customers.length]!, i) : null,
      i < LOG_ENTRIES_MAX ? writeLogEntries(parts, customers) : null,
    ]);
  }
}

async function writeToken({ store, clock, random }: SeedParts, customers: readonly Customer[], i: number) {
  const customer = customers[i % customers.length]!;
  const token = {
    seq: store.numbers.next(),
    name: `Token ${i}`,
    environmentSeq: customer.environmentSeq,
    applicationSeq: i % 2 === 0 ? null : customer.seq,
    capabilities: null,
    scopes: null,
    readOnly: i % 5 === 0,
    featureFlags: [],
    sessionId: null,
    hint: "abcd",
    createdAt: clock.now(),
    expiresAt: null,
    revokedAt: i % 7 === 0 ? clock.now() : null,
    lastUsedAt: null,
  };
  await store.configuration.tokens.create(token, random.bytes(32));
}

async function writeAuditEntry({ store, clock }: SeedParts, customer: Customer, i: number): Promise<void> {
  const ids = new IdCodec(store.idSeed);
  await store.configuration.audit.end({
    seq: store.numbers.next(),
    environmentSeq: customer.environmentSeq,
    actor: { kind: "root", id: null, name: "root" },
    action: i % 3 === 0 ? "v1.endpoint.patch" : "v1.application.patch",
    subject: { appId: ids.encode("app_", customer.seq) },
    done: true,
    at: clock.now(),
  });
}

async function writeTask({ store, clock }: SeedParts, { seq, environmentSeq, endpoints }: Customer, i: number) {
  const filter = { environmentSeq, applicationSeq: seq };
  const isRedrive = i % 2 === 0;
  const replay = { applicationSeq: seq, endpointSeq: endpoints[0]!.seq, from: 0, to: 0, messagesSent: i };
  await store.housekeeping.tasks.create({
    seq: store.numbers.next(),
    environmentSeq,
    kind: isRedrive ? "dead-letter.redrive" : "endpoint.recover",
    status: i % 10 === 1 ? "failed" : "finished",
    data: isRedrive ? { filter, rate: 50, redriven: i, after: 0 } : replay,
    updatedAt: clock.now(),
  });
}

async function writeLogEntries({ store, clock }: SeedParts, customers: readonly Customer[]): Promise<void> {
  for (const { source } of customers) {
    if (source === null) continue;
    await store.history.sourceLog.add({
      seq: store.numbers.next(),
      sourceSeq: source.seq,
      status: 401,
      cause: "signature_mismatch",
      errorText: "The signature does not match the body.",
      method: "POST",
      path: "/",
      address: "198.51.100.7",
      headers: { "content-type": "application/json", "x-signature": "00" },
      payload: Buffer.from('{"type":"unknown"}'),
      createdAt: clock.now(),
    });
  }
}
