import { formatCount, formatDecimal } from "../../kit/format.ts";
import { getStats } from "../api.ts";
import { EndpointFrame } from "../parts/endpoint-frame.tsx";
import { MessageListSection } from "../parts/message-list.tsx";
import { SendAgainSection } from "../parts/send-again.tsx";
import { useLive } from "../refresh.ts";

/** Shows the deliveries of one endpoint. */
export function EndpointPage({ id }: { id: string }) {
  return (
    <EndpointFrame id={id} tab="deliveries">
      {(endpoint) => (
        <>
          <Numbers endpoint={id} />
          <p class="muted small under">Attempts in the last 28 days</p>
          <MessageListSection endpoint={endpoint} />
          <SendAgainSection endpoint={endpoint} />
        </>
      )}
    </EndpointFrame>
  );
}

function Numbers({ endpoint }: { endpoint: string }) {
  const { value } = useLive(endpoint, (signal) => getStats(endpoint, signal));
  const total = value === null ? 0 : value.success + value.fail;
  return (
    <dl class="numbers">
      <Figure label="Delivered" text={value === null ? "–" : formatCount(value.success)} />
      <Figure label="Failed attempts" text={value === null ? "–" : formatCount(value.fail)} isBad={!!value?.fail} />
      {value?.consumers !== undefined && <Figure label="Connected consumers" text={formatCount(value.consumers)} />}
      <Figure label="Success rate" text={total === 0 ? "–" : `${formatDecimal(100 * (value!.success / total))} %`} />
    </dl>
  );
}

function Figure({ label, text, isBad = false }: { label: string; text: string; isBad?: boolean }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd class={isBad ? "bad" : undefined}>{text}</dd>
    </div>
  );
}
