import { PageHead } from "../../kit/parts/page-head.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { getSessions } from "../api/sessions.ts";
import { useLoaded } from "../reload.ts";
import { may } from "../session.ts";
import { EndOthers } from "../sessions/end-others.tsx";
import { SessionTable } from "../sessions/list.tsx";

/** Shows who is logged in, and ends sessions. */
export function SessionsPage() {
  const place = usePlace("sessions");
  const [list, reload] = useLoaded(`${place.iterator}`, (signal) => getSessions(place.iterator, signal));
  return (
    <>
      <PageHead
        title="Sessions"
        about="The browsers that are logged in. A session ends with its token, after 7 days without a request, and after 30 days at the latest. One of an identity provider ends after 12 hours."
      />
      {may("session.delete") && <EndOthers onEnd={reload} />}
      <Read of={list} lines={6}>
        {(page) => (
          <>
            <SessionTable sessions={page.data} onEnd={reload} />
            <PageButtons of={page} place={place} label="Pages of sessions" />
          </>
        )}
      </Read>
    </>
  );
}
