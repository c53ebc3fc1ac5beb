import type { EventType } from "../../../src/api/types.ts";
import { Badge } from "../../kit/parts/badge.tsx";

/** Shows whether an event type is in use. */
export function EventTypeState({ of: { archived, deprecated } }: { of: EventType }) {
  if (archived) return <Badge tone="idle">archived</Badge>;
  return deprecated ? <Badge tone="wait">deprecated</Badge> : <Badge tone="good">active</Badge>;
}
