import type { Scenario } from "../scenario.ts";
import { hanging, idle, manyEndpoints, wide } from "./endpoints.ts";
import { batchRoute, idempotency, receive } from "./intake.ts";
import { lists } from "./lists.ts";
import { oneEndpoint } from "./one-endpoint.ts";
import { backlog, history } from "./stored.ts";
import { cores, latency, retention } from "./time.ts";

/** All scenarios, in the order in which they run. */
export const scenarios: readonly Scenario[] = [
  ...[oneEndpoint, idempotency, batchRoute, wide, manyEndpoints],
  ...[latency, hanging, receive, idle, retention, cores],
  ...[history, backlog, lists],
];
