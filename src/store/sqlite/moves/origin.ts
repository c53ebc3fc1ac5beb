import type { Database } from "bun:sqlite";
import type { IdCodec, Seq, SeqSource } from "../../../core/id.ts";
import type { MoveOrigin, Row } from "../../index.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import type { Turns } from "../../turns.ts";
import type { Committer } from "../commit/commit.ts";
import { attemptSeqsOf } from "../indexes/message-attempts.ts";
import { isOfMessage } from "../indexes/message-deliveries.ts";
import type { MessageKeys } from "../keys/message-keys.ts";
import type { QuotaUsages } from "../queue/quota-usage.ts";
import type { ApplicationChanges } from "./application-changes.ts";
import { departures } from "./departures.ts";
import { keysReader } from "./keys.ts";
import type { KeptIds } from "./moved-ids.ts";
import { PageReader } from "./page-reader.ts";
import { polledReader } from "./polled.ts";
import { idsOfSends, sendsReader } from "./sends.ts";
import { movedVersionsReader } from "./versions.ts";
import { waitingReader } from "./waiting.ts";

/**
 * Limits of a page with messages: their number, and the bytes of their payloads and of the responses to
 * their attempts. A page may have one larger message.
 */
const MESSAGES_MAX = 500;
const PAGE_BYTES_MAX = 512 * 1024;

export interface OriginParts {
  readonly db: Database;
  readonly committer: Committer;
  readonly box: SecretBox;
  readonly usages: QuotaUsages;
  readonly ids: IdCodec;
  readonly kept: KeptIds;
  readonly numbers: SeqSource;
  readonly keys: MessageKeys;
  readonly turns: Turns;
  readonly erasures: ReadonlyMap<Seq, number>;
  readonly applicationChanges: ApplicationChanges;
}

/** Reads what belongs to an application, and lets it go. */
export function moveOrigin(parts: OriginParts): MoveOrigin {
  const { db } = parts;
  const read = new PageReader(parts);
  const messagesOf = messagesReader(db, read, PAYLOAD_BYTES);
  const sendsOf = sendsReader(db).ofMessages;
  return {
    ...departures(parts),
    settings: settingsReader(parts, read),
    polled: polledReader(db, read, parts.numbers),
    waiting: waitingReader(db, read),
    messages: async (applicationSeq, seqs) => {
      const messages = messagesOf(applicationSeq, seqs);
      const sends = sendsOf(messages.map(({ seq }) => seq as Seq));
      const ids = { ...read.ids(["msg_", messages, "seq"]), ...idsOfSends(read, sends) };
      return { part: "messages", ids, messages, sends };
    },
    keys: keysReader(parts, read),
    history: historyReader(db, read),
  };
}

function settingsReader(
  { db, ids, turns }: Pick<OriginParts, "db" | "ids" | "turns">,
  read: PageReader,
): MoveOrigin["settings"] {
  const applicationOf = read.rows("SELECT * FROM application WHERE seq = ?");
  const endpointsOf = read.rows("SELECT * FROM endpoint WHERE application_seq = ? ORDER BY seq");
  const secretsOf = read.rows(
    `SELECT s.endpoint_seq, s.sealed, s.expires_at FROM endpoint_secret s JOIN endpoint e ON e.seq = s.endpoint_seq
     WHERE e.application_seq = ? ORDER BY s.id`,
  );
  const eventTypesOf = read.rows("SELECT * FROM event_type WHERE environment_seq = ? ORDER BY seq");
  const tokensOf = read.rows("SELECT * FROM token WHERE application_seq = ? AND revoked_at IS NULL ORDER BY seq");
  const jwtEndsOf = read.rows("SELECT * FROM jwt_end WHERE application_seq = ?");
  const versionsOf = movedVersionsReader(db, turns);
  const keyEnvironmentOf = db.prepare<{ id: string | null }, [number]>(
    "SELECT key_environment AS id FROM arrival WHERE application_seq = ?",
  );
  return async (applicationSeq, originNumber) => {
    const application = applicationOf(applicationSeq)[0]!;
    const environmentSeq = application.environment_seq as Seq;
    const versions = await versionsOf(applicationSeq, environmentSeq);
    const [endpoints, tokens] = [endpointsOf(applicationSeq), tokensOf(applicationSeq)];
    return {
      ...{ part: "settings", originNumber, application, endpoints, tokens },
      keyEnvironment: keyEnvironmentOf.get(applicationSeq)?.id ?? ids.encode("org_", environmentSeq),
      ids: read.ids(["app_", [application], "seq"], ["ep_", endpoints, "seq"], ["tok_", tokens, "seq"]),
      eventTypes: eventTypesOf(environmentSeq),
      secrets: secretsOf(applicationSeq),
      jwtEnds: jwtEndsOf(applicationSeq),
      versions,
    };
  };
}

type MessagesOf = (applicationSeq: Seq, seqs: readonly Seq[]) => Row[];

const PAYLOAD_BYTES = "COALESCE(LENGTH(payload), 0)";
const RESPONSES_BYTES = `(SELECT COALESCE(SUM(LENGTH(COALESCE(t.response, r.response))), 0)
  FROM attempt t LEFT JOIN attempt r ON r.seq = t.response_in WHERE t.seq IN (${attemptSeqsOf("message.seq")}))`;

/** Returns a function that reads as many of some messages as fit into a page. `bytes` is an expression in SQL. */
function messagesReader(db: Database, read: PageReader, bytes: string): MessagesOf {
  const messageOf = read.rows("SELECT * FROM message WHERE seq = ? AND application_seq = ?");
  const sizeOf = db.prepare<{ bytes: number }, [number]>(`SELECT ${bytes} AS bytes FROM message WHERE seq = ?`);
  return (applicationSeq, seqs) => {
    const messages: Row[] = [];
    let total = 0;
    for (const seq of seqs.slice(0, MESSAGES_MAX)) {
      total += sizeOf.get(seq)?.bytes ?? 0;
      if (messages.length > 0 && total > PAGE_BYTES_MAX) break;
      messages.push(...messageOf(seq, applicationSeq));
    }
    return messages;
  };
}

/** The order of a message's deliveries. */
function byEndpoint(a: Row, b: Row): number {
  return (a.endpoint_seq as Seq) - (b.endpoint_seq as Seq) || (a.seq as Seq) - (b.seq as Seq);
}

function historyReader(db: Database, read: PageReader): MoveOrigin["history"] {
  const messagesOf = messagesReader(db, read, `${PAYLOAD_BYTES} + ${RESPONSES_BYTES}`);
  const nextMessages = db.prepare<{ seq: number }, [number, number, number]>(
    "SELECT seq FROM application_messages WHERE application_seq = ? AND seq > ? ORDER BY seq LIMIT ?",
  );
  const unsorted = read.rows(`SELECT * FROM delivery WHERE ${isOfMessage("?1")}`);
  const deliveriesOf = (messageSeq: Seq): Row[] => unsorted(messageSeq).sort(byEndpoint);
  const sends = sendsReader(db);
  // Several attempts of a batch may share one stored response.
  const withShared = read.rows(
    `SELECT t.*, (SELECT r.response FROM attempt r WHERE r.seq = t.response_in) AS shared FROM attempt t
     WHERE t.seq IN (${attemptSeqsOf("?1")}) ORDER BY t.seq`,
  );
  const attemptsOf = (messageSeq: Seq): Row[] =>
    withShared(messageSeq).map(({ shared, ...row }) => ({
      ...row,
      response: row.response ?? shared ?? null,
      response_in: null,
    }));
  return async (applicationSeq, after) => {
    const next = nextMessages.all(applicationSeq, after, MESSAGES_MAX).map(({ seq }) => seq);
    const messages = messagesOf(applicationSeq, next);
    const seqs = messages.map(({ seq }) => seq as Seq);
    const deliveries = seqs.flatMap((seq) => deliveriesOf(seq));
    // The other messages that were sent for these deliveries follow, each in its own page.
    const deleted = sends
      .ofDeliveries(deliveries.map(({ seq }) => seq as Seq))
      .filter((each) => each.isErased === null);
    const sent = [...sends.ofMessages(seqs), ...deleted];
    return {
      ...{ part: "history", after, last: seqs.at(-1) ?? after },
      ids: {
        ...read.ids(
          ["msg_", messages, "seq"],
          ["ep_", deliveries, "endpoint_seq"],
          ["batch_", deliveries, "batch_seq"],
        ),
        ...idsOfSends(read, sent),
      },
      ...{ messages, deliveries, attempts: seqs.flatMap((seq) => attemptsOf(seq)), sends: sent },
    };
  };
}
