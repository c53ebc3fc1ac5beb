import type { ApiToken } from "../../../src/api/types.ts";
import { Badge } from "../../kit/parts/badge.tsx";
import { Instant } from "../../kit/parts/instant.tsx";

/** Shows whether a token can be used, and when that ends or has ended. */
export function TokenState({ token: { revokedAt, expiresAt } }: { token: ApiToken }) {
  if (revokedAt !== null) return <State word="revoked" at={revokedAt} />;
  if (expiresAt === null) return <Badge tone="good">active</Badge>;
  if (Date.parse(expiresAt) <= Date.now()) return <State word="expired" at={expiresAt} />;
  return (
    <div>
      <Badge tone="good">active</Badge>
      <div class="muted small">
        expires <Instant at={expiresAt} />
      </div>
    </div>
  );
}

function State({ word, at }: { word: string; at: string }) {
  return (
    <div>
      <Badge tone="idle">{word}</Badge>
      <div class="muted small">
        <Instant at={at} />
      </div>
    </div>
  );
}

export function hasEnded({ revokedAt, expiresAt }: ApiToken): boolean {
  return revokedAt !== null || (expiresAt !== null && Date.parse(expiresAt) <= Date.now());
}
