import { useState } from "preact/hooks";
import type { Session } from "../../../src/api/types.ts";
import { Outcome, Question, useActionThen } from "../../kit/parts/action.tsx";
import { counted, listed } from "../../kit/words.ts";
import { endSession, getOtherSessions } from "../api/sessions.ts";
import style from "./list.module.css";
import { ownerName } from "./list.tsx";

const LABEL = "End all other sessions";

/** Ends all sessions except that of the page, after a question that counts them. */
export function EndOthers({ onEnd }: { onEnd: () => void }) {
  const [others, setOthers] = useState<readonly Session[] | null>(null);
  const reading = useActionThen(null);
  const ending = useActionThen(onEnd);

  const ask = () => {
    const read = async () => {
      const found = await getOtherSessions();
      if (found.length === 0) throw new Error("There are no other sessions.");
      setOthers(found);
    };
    void reading.run(read);
  };
  const end = () => {
    const all = others ?? [];
    const work = async () => {
      for (const { id } of all) await endSession(id);
    };
    void ending.run(work, `${counted(all.length, "session")} ended.`);
  };

  return (
    <div class={`buttons ${style.others}`}>
      {others === null ? (
        <button type="button" class="outline danger" disabled={reading.busy} aria-busy={reading.busy} onClick={ask}>
          {LABEL}
        </button>
      ) : (
        <Question
          label={LABEL}
          question={`End ${counted(others.length, "other session")}, of ${ownersOf(others)}? Their browsers must log in again.`}
          confirm={`End ${counted(others.length, "session")}`}
          isDestructive
          action={ending}
          onConfirm={end}
          onClose={() => setOthers(null)}
        />
      )}
      <Outcome action={reading.problem === null ? ending : reading} />
    </div>
  );
}

function ownersOf(sessions: readonly Session[]): string {
  return listed([...new Set(sessions.map(ownerName))]);
}
