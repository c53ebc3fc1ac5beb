import { setMark } from "../endpoint-auth.ts";
import { struct } from "./value-type.ts";

export const functionCodeChars = { min: 10, max: 51_200 } as const;

/** The code of an endpoint with the URL `function:`. */
export interface EndpointFunction {
  /** JavaScript that defines a function `handler`. */
  readonly code: string;
  /** Values that the code can read, by name. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** Returns a function with marks in the places of its secrets. */
export function shownFunction({ code, secrets }: EndpointFunction): EndpointFunction {
  return { code, secrets: Object.fromEntries(Object.keys(secrets).map((name) => [name, setMark])) };
}

export const functionType = {
  ...struct<EndpointFunction>(
    {
      code: {
        type: "string",
        keywords: {
          minLength: functionCodeChars.min,
          maxLength: functionCodeChars.max,
          description: "JavaScript that defines `async function handler(event, ctx)`.",
        },
      },
      secrets: {
        type: "map",
        keywords: { description: "Values that the code reads as `ctx.secrets.NAME`. A PATCH with null removes one." },
        items: { type: "string", nullable: true },
        nullable: true,
      },
    },
    [],
    {
      description: `The code that handles the messages of an endpoint whose URL is \`function:\`; null for other endpoints. Responses show secrets as \`${setMark}\`, and sending that back keeps the stored secret. See /docs/guide/functions.`,
      examples: [{ code: "async function handler(event, ctx) { return event.id; }", secrets: {} }],
    },
  ),
  format: shownFunction,
};
