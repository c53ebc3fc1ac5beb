import type { ComponentChildren } from "preact";
import { may } from "../session.ts";
import style from "./may.module.css";

interface MayProps {
  /** The id of an operation of the API, such as `v1.message.create`. */
  readonly operation: string;
  readonly children: ComponentChildren;
}

/** Shows its content only if the session may use the operation. */
export function May({ operation, children }: MayProps) {
  return may(operation) ? children : null;
}

/** Shows a form. If the session may not use the operation, its fields are locked and its buttons are hidden. */
export function Changing({ operation, children }: MayProps) {
  return (
    <fieldset class={style.fields} disabled={!may(operation)}>
      {children}
    </fieldset>
  );
}
