import { download } from "../download.ts";
import type { Payload } from "../message.ts";
import type { Resource } from "../reading.ts";
import { BodyView } from "./body-view.tsx";
import { Empty } from "./notice.tsx";
import { Read, Section } from "./section.tsx";

/** Shows the payload of a message in several forms. `of` is null if the payload is no longer stored. */
export function PayloadSection({ message, of }: { message: string; of: Resource<{ payload: Payload | null }> }) {
  const payload = of.value?.payload ?? null;
  const save = payload !== null && (
    <button type="button" class="outline small" onClick={() => download(fileNameOf(message, payload), payload.bytes)}>
      Download
    </button>
  );
  return (
    <Section title="Payload" aside={save}>
      <Read of={of} lines={6}>
        {({ payload }) =>
          payload === null ? (
            <Empty title="The payload has been deleted">
              <p>It was deleted, or its retention period has ended.</p>
            </Empty>
          ) : (
            <BodyView bytes={payload.bytes} />
          )
        }
      </Read>
    </Section>
  );
}

function fileNameOf(message: string, { contentType }: Payload): string {
  return `${message}.${contentType?.includes("json") ? "json" : "txt"}`;
}
