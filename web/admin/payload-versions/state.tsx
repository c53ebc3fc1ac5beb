import type { PayloadVersion } from "../../../src/api/types.ts";
import { now } from "../../kit/clock.ts";
import { Badge } from "../../kit/parts/badge.tsx";
import { isDeprecated } from "../../kit/payload-version.ts";

/** Shows whether a version is deprecated or may be removed. */
export function PayloadVersionState({ of: { deprecatedAt, sunsetAt } }: { of: PayloadVersion }) {
  if (sunsetAt !== null && Date.parse(sunsetAt) <= now.value) return <Badge tone="bad">past its end</Badge>;
  return isDeprecated({ deprecatedAt }, now.value) ? (
    <Badge tone="wait">deprecated</Badge>
  ) : (
    <Badge tone="good">active</Badge>
  );
}
