import type { ComponentChildren } from "preact";
import type { Endpoint } from "../../../src/api/types.ts";
import { Instant } from "../parts/instant.tsx";
import style from "./state.module.css";

/** Explains why an endpoint is not verified, and offers `children` as a remedy. */
export function ChallengeNotice({
  challenge: { lastTryAt, nextTryAt, detail },
  children,
}: {
  challenge: NonNullable<Endpoint["challenge"]>;
  children?: ComponentChildren;
}) {
  return (
    <div class={style.notice} data-tone="wait">
      <p>
        This endpoint is not verified: its receiver has not answered the challenge that is sent to a new URL. Messages
        are queued and not sent until then.{" "}
        {lastTryAt !== null && (
          <>
            The latest try, <Instant at={lastTryAt} />, failed: {detail}{" "}
          </>
        )}
        {nextTryAt === null ? (
          "No further try follows by itself."
        ) : (
          <>
            The next try: <Instant at={nextTryAt} />.
          </>
        )}
      </p>
      {children}
    </div>
  );
}
