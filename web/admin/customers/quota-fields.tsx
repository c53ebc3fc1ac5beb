import { TextField } from "../../kit/parts/field.tsx";
import type { QuotaTexts } from "./quota-texts.ts";

interface QuotaFieldsProps {
  readonly texts: QuotaTexts;
  /** The problem of each limit, by its name. */
  readonly problems: Readonly<Record<string, string>>;
  readonly onChange: (texts: QuotaTexts) => void;
}

/** The fields for the quota of a customer. */
export function QuotaFields({ texts, problems, onChange }: QuotaFieldsProps) {
  return (
    <>
      <TextField
        label="Endpoints at most"
        isOptional
        value={texts.endpoints}
        problem={problems["quota.endpoints"] ?? null}
        input={{ inputMode: "numeric", placeholder: "the server's default" }}
        onInput={(endpoints) => onChange({ ...texts, endpoints })}
      />
      <TextField
        label="Messages per day at most"
        isOptional
        value={texts.messagesPerDay}
        problem={problems["quota.messagesPerDay"] ?? null}
        help="A day begins at midnight UTC. Further messages are refused."
        input={{ inputMode: "numeric", placeholder: "the server's default" }}
        onInput={(messagesPerDay) => onChange({ ...texts, messagesPerDay })}
      />
      <TextField
        label="Stored payloads at most"
        isOptional
        value={texts.storedBytes}
        problem={problems["quota.storedBytes"] ?? null}
        help="A size such as 500 MiB or 10 GiB, or a number of bytes. Further messages are refused."
        input={{ placeholder: "the server's default" }}
        onInput={(storedBytes) => onChange({ ...texts, storedBytes })}
      />
    </>
  );
}
