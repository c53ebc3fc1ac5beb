import { describe, expect, test } from "bun:test";
import type { Open } from "../store-under-test.ts";
import { verbsOf, watching } from "../verbs.ts";
import { applicationsSuite } from "./configuration/applications.ts";
import { auditSuite } from "./configuration/audit.ts";
import { endpointOrderingSuite } from "./configuration/endpoint-ordering.ts";
import { endpointSecretsSuite } from "./configuration/endpoint-secrets.ts";
import { endpointsSuite } from "./configuration/endpoints.ts";
import { environmentsSuite } from "./configuration/environments.ts";
import { eventTypesSuite } from "./configuration/event-types.ts";
import { payloadVersionsSuite } from "./configuration/payload-versions.ts";
import { sessionsSuite } from "./configuration/sessions.ts";
import { sourceTokensSuite } from "./configuration/source-tokens.ts";
import { sourcesSuite } from "./configuration/sources.ts";
import { tokensSuite } from "./configuration/tokens.ts";
import { attemptCountsSuite } from "./history/attempt-counts.ts";
import { attemptsSuite } from "./history/attempts.ts";
import { deadLettersSuite } from "./history/dead-letters.ts";
import { endpointMessagesSuite } from "./history/endpoint-messages.ts";
import { groupsSuite } from "./history/groups.ts";
import { messagesSuite } from "./history/messages.ts";
import { payloadLinksSuite } from "./history/payload-links.ts";
import { pollersSuite } from "./history/pollers.ts";
import { replayableSuite } from "./history/replayable.ts";
import { seriesSuite } from "./history/series.ts";
import { sourceLogSuite } from "./history/source-log.ts";
import { totalsSuite } from "./history/totals.ts";
import { clockOffsetsSuite } from "./housekeeping/clock-offsets.ts";
import { leadsSuite } from "./housekeeping/leads.ts";
import { metaSuite } from "./housekeeping/meta.ts";
import { noticesSuite } from "./housekeeping/notices.ts";
import { pruneSuite } from "./housekeeping/prune.ts";
import { sizeSuite } from "./housekeeping/size.ts";
import { tasksSuite } from "./housekeeping/tasks.ts";
import { movesSuite } from "./moves/moves.ts";
import { acceptSuite } from "./queue/accept.ts";
import { batchSuite } from "./queue/batch.ts";
import { burySuite } from "./queue/bury.ts";
import { cancelSuite } from "./queue/cancel.ts";
import { claimsSuite } from "./queue/claims.ts";
import { contentsSuite } from "./queue/contents.ts";
import { dropSuite } from "./queue/drop.ts";
import { dueSuite } from "./queue/due.ts";
import { expungeSuite } from "./queue/expunge.ts";
import { functionSendsSuite } from "./queue/function-sends.ts";
import { hastenSuite } from "./queue/hasten.ts";
import { healthSuite } from "./queue/health.ts";
import { idempotencySuite } from "./queue/idempotency.ts";
import { orderSuite } from "./queue/order.ts";
import { pendingLanesSuite } from "./queue/pending-lanes.ts";
import { redriveSuite } from "./queue/redrive.ts";
import { resendSuite } from "./queue/resend.ts";
import { resendAllSuite } from "./queue/resend-all.ts";
import { scheduledSuite } from "./queue/scheduled.ts";
import { settleSuite } from "./queue/settle.ts";
import { settleAgainSuite } from "./queue/settle-again.ts";
import { transitionsSuite } from "./queue/transitions.ts";
import { usageSuite } from "./queue/usage.ts";
import { feedSuite } from "./store/feed.ts";
import { storeSuite } from "./store/store.ts";
import { togetherSuite } from "./store/together.ts";
import { applicationCountsSuite } from "./survey/application-counts.ts";
import { applicationDetailSuite } from "./survey/application-detail.ts";
import { attentionSuite } from "./survey/attention.ts";
import { certificatesSuite } from "./survey/certificates.ts";
import { endpointDetailSuite } from "./survey/endpoint-detail.ts";
import { environmentEndpointsSuite } from "./survey/environment-endpoints.ts";
import { environmentMessagesSuite } from "./survey/environment-messages.ts";
import { namedSuite } from "./survey/named.ts";
import { namesSuite } from "./survey/names.ts";
import { recipientsSuite } from "./survey/recipients.ts";

type Suite = (open: Open) => void;

/** Each suite with the verbs that it tests. */
const SUITES: ReadonlyArray<readonly [suite: Suite, prefix: string, verbs: string]> = [
  [storeSuite, "", "close"],
  [togetherSuite, "", "together"],
  [feedSuite, "feed.", "subscribe poll publish announced catchUp isShared"],

  [acceptSuite, "queue.", "accept"],
  [scheduledSuite, "queue.", "accept due"],
  [orderSuite, "queue.", "accept due"],
  [idempotencySuite, "queue.idempotency.", "get put"],
  [usageSuite, "queue.usage.", "count read"],
  [claimsSuite, "queue.", "claim renew release"],
  [pendingLanesSuite, "queue.", "pendingLanes"],
  [dueSuite, "queue.", "due nextPosition"],
  [contentsSuite, "queue.", "contents"],
  [functionSendsSuite, "queue.", "hopsOf"],
  [batchSuite, "queue.batch.", "close due members"],
  [settleSuite, "queue.", "settle"],
  [settleAgainSuite, "queue.", "settle"],
  [healthSuite, "queue.", "settle"],
  [burySuite, "queue.", "bury"],
  [hastenSuite, "queue.", "hasten"],
  [resendSuite, "queue.", "resend"],
  [resendAllSuite, "queue.", "resendAll"],
  [redriveSuite, "queue.", "redrive"],
  [dropSuite, "queue.", "drop dropStep"],
  [transitionsSuite, "queue.", "settle bury resend redrive drop"],
  [cancelSuite, "queue.cancel.", "message step"],
  [expungeSuite, "queue.expunge.", "message messages step"],

  [environmentsSuite, "configuration.environments.", "list get named page ensure create rename setPaused delete"],
  [
    applicationsSuite,
    "configuration.applications.",
    "find get list create update delete known operational operationalOf ensureOperational",
  ],
  [payloadVersionsSuite, "configuration.payloadVersions.", "all create update usage delete"],
  [eventTypesSuite, "configuration.eventTypes.", "get list unknown create update put expunge"],
  [endpointsSuite, "configuration.endpoints.", "find get list ever active challenged create update delete"],
  [endpointOrderingSuite, "configuration.endpoints.", "update"],
  [endpointSecretsSuite, "configuration.endpoints.", "secrets rotateSecret"],
  [tokensSuite, "configuration.tokens.", "create withHash list get page change revoke end endOfApplication jwtEnd use"],
  [sessionsSuite, "configuration.sessions.", "create withHash get list use end endOfRoot"],
  [
    sourcesSuite,
    "configuration.sources.",
    "find get ofApplication list ofProvider create update delete setLastRun counts count",
  ],
  [sourceTokensSuite, "configuration.sources.", "withToken tokens rotateToken"],
  [auditSuite, "configuration.audit.", "begin end drop list targets"],

  [messagesSuite, "history.messages.", "find known get list latest deliveries"],
  [endpointMessagesSuite, "history.messages.", "ofEndpoint"],
  [attemptsSuite, "history.attempts.", "ofEndpoint ofMessage get expunge"],
  [attemptCountsSuite, "history.attempts.", "count"],
  [deadLettersSuite, "history.deadLetters.", "list groups redrivable"],
  [replayableSuite, "history.", "replayable"],
  [pollersSuite, "history.pollers.", "cursor move"],
  [groupsSuite, "history.groups.", "lease ack nack"],
  [sourceLogSuite, "history.sourceLog.", "add get list"],
  [payloadLinksSuite, "history.payloadLinks.", "isUsed use"],
  [seriesSuite, "history.series.", "add read"],
  [totalsSuite, "history.", "totals failingEndpoints endpointCounts"],

  [environmentEndpointsSuite, "survey.", "endpoints"],
  [applicationCountsSuite, "survey.", "applicationCounts"],
  [applicationDetailSuite, "survey.", "applicationDetail"],
  [endpointDetailSuite, "survey.", "endpointDetail"],
  [environmentMessagesSuite, "survey.", "messages"],
  [attentionSuite, "survey.", "attention"],
  [certificatesSuite, "survey.", "certificates"],
  [recipientsSuite, "survey.", "recipients"],
  [namesSuite, "survey.", "names"],
  [namedSuite, "survey.", "named"],

  [tasksSuite, "housekeeping.tasks.", "create update cancel get list lease"],
  [leadsSuite, "housekeeping.", "leads"],
  [metaSuite, "housekeeping.meta.", "get set"],
  [noticesSuite, "housekeeping.notices.", "failing disabled unverified healthOf describe sent record forget"],
  [clockOffsetsSuite, "housekeeping.clockOffsets.", "get set"],
  [pruneSuite, "housekeeping.", "prune"],
  [
    movesSuite,
    "moves.",
    [
      ...["departure", "deleted", "obstacle", "fingerprint", "forget", "depart"].map((verb) => `origin.${verb}`),
      ...["settings", "polled", "waiting", "keys", "messages", "history"].map((part) => `origin.${part}`),
      ...["arrival", "arrive", "abandon"].map((verb) => `destination.${verb}`),
      ...["Settings", "Polled", "Waiting", "Keys", "Messages", "History"].map((part) => `destination.store${part}`),
    ].join(" "),
  ],
  [sizeSuite, "housekeeping.", "size diskFreeBytes about ping health unenforcedRules"],
];

/**
 * Runs all suites. They define what every implementation of the store must guarantee. Only a store
 * that cannot move applications does without `movesSuite`.
 */
export function everySuite(open: Open, { canMove = true } = {}): void {
  const promised = new Set<string>();
  const uncalled: { readonly name: string; readonly calls: ReadonlySet<string> }[] = [];
  for (const [suite, prefix, verbs] of SUITES) {
    if (suite === movesSuite && !canMove) continue;
    const calls = new Set<string>();
    for (const verb of verbs.split(" ")) {
      promised.add(prefix + verb);
      uncalled.push({ name: prefix + verb, calls });
    }
    suite(watching(open, calls));
  }

  // These tests are last because they need the calls of all suites.
  describe("the suites", () => {
    test("every verb of the store has a suite", async () => {
      const under = await open();
      const verbs = verbsOf(under.store);
      await under.remove();
      expect(verbs.length).toBeGreaterThan(90);
      expect([...promised].sort()).toEqual(verbs);
    });

    test("every suite calls the verbs that it is registered for", () => {
      expect(uncalled.filter(({ name, calls }) => !calls.has(name)).map(({ name }) => name)).toEqual([]);
    });
  });
}
