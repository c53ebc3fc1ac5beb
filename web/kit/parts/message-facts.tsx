import type { ComponentChildren } from "preact";
import type { Message } from "../../../src/api/types.ts";
import { Fact } from "./fact.tsx";
import { Instant, Upcoming } from "./instant.tsx";

interface MessageFactsProps {
  readonly message: Pick<Message, "id" | "eventId" | "timestamp" | "channels" | "tags" | "deliverAt" | "apiVersion">;
  /** What the time of acceptance is called. */
  readonly timeName: string;
  /** Further facts, which come first. */
  readonly children?: ComponentChildren;
}

/** Shows what a message is, without its payload. */
export function MessageFacts({ message, timeName, children }: MessageFactsProps) {
  const { id, eventId, timestamp, channels, tags, deliverAt, apiVersion } = message;
  return (
    <dl class="facts">
      {children}
      <Fact name="Message">
        <span class="mono">{id}</span>
      </Fact>
      {eventId !== null && (
        <Fact name="Event ID">
          <span class="mono">{eventId}</span>
        </Fact>
      )}
      <Fact name={timeName}>
        <Instant at={timestamp} />
      </Fact>
      {deliverAt !== null && (
        <Fact name="Deliver at">
          <Upcoming at={deliverAt} />
        </Fact>
      )}
      {apiVersion !== undefined && <Fact name="Payload version">{apiVersion}</Fact>}
      {channels !== null && channels.length > 0 && <Fact name="Channels">{channels.join(", ")}</Fact>}
      {tags !== null && tags.length > 0 && <Fact name="Tags">{tags.join(", ")}</Fact>}
    </dl>
  );
}
