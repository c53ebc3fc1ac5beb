import style from "../../kit/parts/attempt-result.module.css";
import { Logs, Received } from "../../kit/parts/attempt-result.tsx";
import { useOnce } from "../../kit/reading.ts";
import { getAttempt } from "../api.ts";
import { Read } from "./section.tsx";

interface AttemptDetailsProps {
  readonly message: string;
  readonly attempt: string;
}

/** Shows what came back to an attempt and what its code wrote. An attempt does not change, so it is read once. */
export function AttemptDetails({ message, attempt }: AttemptDetailsProps) {
  const read = useOnce(`${message} ${attempt}`, (signal) => getAttempt(message, attempt, signal));
  return (
    <div class={style.details}>
      <Read of={read} lines={4}>
        {(detail) => (
          <>
            <Received of={detail} />
            <Logs of={detail} />
          </>
        )}
      </Read>
    </div>
  );
}
