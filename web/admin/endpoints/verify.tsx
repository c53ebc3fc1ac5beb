import { Confirm, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { type EndpointKey, verifyEndpoint } from "../api/endpoints.ts";
import { refresh } from "../live.ts";
import { May } from "../parts/may.tsx";

/** What an operator can do about an endpoint that is not verified. */
export function Verify({ of }: { of: EndpointKey }) {
  const action = useActionThen(refresh);
  return (
    <May operation="endpoint.verify">
      <div class="buttons">
        <button
          type="button"
          class="outline small"
          disabled={action.busy}
          onClick={() => void action.run(() => verifyEndpoint(of, false), "The challenge is sent again.")}
        >
          Try again
        </button>
        <Confirm
          label="Verify without a challenge"
          confirm="Verify"
          action={action}
          onConfirm={() => void action.run(() => verifyEndpoint(of, true))}
          question="Send webhooks to this URL although its receiver has not answered? Do this only if you know that it belongs to the customer."
        />
      </div>
      <Outcome action={action} />
    </May>
  );
}
