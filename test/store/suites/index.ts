import type { Open } from "../store-under-test.ts";
import { acceptSuite } from "./accept.ts";
import { applicationsSuite } from "./applications.ts";
import { attemptsSuite } from "./attempts.ts";
import { auditSuite } from "./audit.ts";
import { burySuite } from "./bury.ts";
import { deadLettersSuite } from "./dead-letters.ts";
import { endpointMessagesSuite } from "./endpoint-messages.ts";
import { endpointsSuite } from "./endpoints.ts";
import { environmentsSuite } from "./environments.ts";
import { eventTypesSuite } from "./event-types.ts";
import { expungeSuite } from "./expunge.ts";
import { feedSuite } from "./feed.ts";
import { healthSuite } from "./health.ts";
import { idempotencySuite } from "./idempotency.ts";
import { lanesSuite } from "./lanes.ts";
import { messagesSuite } from "./messages.ts";
import { pollersSuite } from "./pollers.ts";
import { pruneSuite } from "./prune.ts";
import { replaySuite } from "./replay.ts";
import { resendSuite } from "./resend.ts";
import { scheduledSuite } from "./scheduled.ts";
import { settleSuite } from "./settle.ts";
import { settleAgainSuite } from "./settle-again.ts";
import { storeSuite } from "./store.ts";
import { tasksSuite } from "./tasks.ts";
import { togetherSuite } from "./together.ts";
import { tokensSuite } from "./tokens.ts";

/** Runs all suites, which state what an implementation of the store guarantees. */
export function everySuite(open: Open): void {
  for (const suite of [
    storeSuite,
    togetherSuite,
    feedSuite,
    environmentsSuite,
    applicationsSuite,
    eventTypesSuite,
    endpointsSuite,
    acceptSuite,
    messagesSuite,
    endpointMessagesSuite,
    idempotencySuite,
    lanesSuite,
    scheduledSuite,
    settleSuite,
    settleAgainSuite,
    healthSuite,
    burySuite,
    resendSuite,
    replaySuite,
    expungeSuite,
    deadLettersSuite,
    attemptsSuite,
    pollersSuite,
    tokensSuite,
    auditSuite,
    tasksSuite,
    pruneSuite,
  ]) {
    suite(open);
  }
}
