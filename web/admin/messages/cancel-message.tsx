import { useState } from "preact/hooks";
import type { Destination, ListOf } from "../../../src/api/types.ts";
import { stateOf } from "../../kit/delivery.ts";
import { Confirm, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { counted } from "../../kit/words.ts";
import { cancelMessage } from "../api/messages.ts";
import { refresh } from "../live.ts";
import type { OfMessage } from "./of-message.ts";
import style from "./resend-to-many.module.css";

interface CancelMessageProps extends OfMessage {
  /** The page of deliveries that is shown. */
  readonly page: ListOf<Destination>;
}

/** Cancels the deliveries of a message that wait. The button is hidden if none is known to wait. */
export function CancelMessage({ app, message, page }: CancelMessageProps) {
  const action = useActionThen(refresh);
  const [count, setCount] = useState<number | null>(null);
  const cancel = () => action.run(async () => setCount(await cancelMessage(app, message)));
  const isWaiting = !page.done || page.data.some((delivery) => stateOf(delivery) === "pending");
  const done =
    count === null || action.problem !== null ? null : `${counted(count, "delivery", "deliveries")} cancelled.`;
  return (
    <div class={style.parts}>
      {isWaiting && (
        <Confirm
          label="Cancel message"
          question="Stop sending this message? Deliveries that wait are cancelled. An attempt under way is not interrupted. You can resend the message later."
          confirm="Stop sending"
          isDestructive
          action={action}
          onConfirm={() => void cancel()}
        />
      )}
      <Outcome action={{ ...action, done }} />
    </div>
  );
}
