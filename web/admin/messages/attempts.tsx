import { AttemptTable } from "../../kit/parts/attempt-table.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { Read, Section } from "../../kit/parts/section.tsx";
import { getAttempts } from "../api/messages.ts";
import { useResource } from "../resource.ts";
import { AttemptDetails } from "./attempt-details.tsx";
import type { OfMessage } from "./of-message.ts";
import type { SentBody } from "./sent.ts";

interface AttemptsProps extends OfMessage {
  /** The body of the requests; null if it is not known. */
  readonly body: SentBody;
}

/** Shows the attempts to deliver a message, and follows them. Each opens to what was sent and what came back. */
export function Attempts({ app, message, body }: AttemptsProps) {
  const place = usePlace();
  const { iterator } = place;
  const attempts = useResource(
    `${app}/${message} ${iterator}`,
    (signal) => getAttempts(app, message, iterator, signal),
    [message],
  );
  return (
    <Section title="Attempts">
      <Read of={attempts} lines={2}>
        {(page) => (
          <>
            <AttemptTable
              attempts={page.data}
              detail={(attempt) => <AttemptDetails app={app} message={message} attempt={attempt.id} body={body} />}
            />
            <PageButtons of={page} place={place} label="Pages of attempts" />
          </>
        )}
      </Read>
    </Section>
  );
}
