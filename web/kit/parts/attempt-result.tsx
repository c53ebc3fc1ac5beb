import type { AttemptDetail } from "../../../src/api/types.ts";
import { FUNCTION_URL } from "../endpoint/function-value.ts";
import style from "./attempt-result.module.css";
import { Body } from "./code.tsx";
import { HeaderList } from "./header-list.tsx";

/** Shows what came back to an attempt. */
export function Received({ of }: { of: AttemptDetail }) {
  const { responseStatusCode, responseHeaders, response, note } = of;
  if (isOfFunction(of)) return <FunctionResult of={of} />;
  return (
    <section aria-label="What came back">
      <div class={style.head}>
        <h3>What came back</h3>
      </div>
      <p class={style.address}>
        {responseStatusCode === 0 ? "There was no response." : <code>Status {responseStatusCode}</code>}
      </p>
      {note !== null && <p class="small">{note}</p>}
      {responseHeaders !== null && <HeaderList headers={responseHeaders} />}
      {responseHeaders === null && responseStatusCode !== 0 && (
        <p class="muted small">The headers of this response are not stored.</p>
      )}
      {response === "" ? <p class="muted small">The response has no body.</p> : <Body text={response} />}
    </section>
  );
}

/** The result of a function, or its error. */
function FunctionResult({ of: { response } }: { of: AttemptDetail }) {
  return (
    <section aria-label="Result of the function">
      <div class={style.head}>
        <h3>Result of the function</h3>
      </div>
      {response === "" ? <p class="muted small">The function returned nothing.</p> : <Body text={response} />}
    </section>
  );
}

/** The lines that the transformation or the function wrote with `console` or `ctx.log`. */
export function Logs({ of }: { of: AttemptDetail }) {
  if (of.logs === null || of.logs.length === 0) return null;
  const title = isOfFunction(of) ? "Output of the function" : "Output of the transformation";
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <Body text={of.logs.join("\n")} />
    </section>
  );
}

/** Returns whether an attempt ran a function instead of sending a request. */
export function isOfFunction({ url }: Pick<AttemptDetail, "url">): boolean {
  return url === FUNCTION_URL;
}
