import { useState } from "preact/hooks";
import type { Endpoint, WrittenEndpoint } from "../../../src/api/types.ts";
import { ApiError } from "../../kit/client.ts";
import { type Action, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { SelectField, TextField } from "../../kit/parts/field.tsx";
import { CardSection } from "../../kit/parts/section.tsx";
import { changeEndpoint, type EndpointKey } from "../api/endpoints.ts";
import { refresh } from "../live.ts";
import { Changing } from "../parts/may.tsx";
import {
  AUTH_FIELDS,
  AUTH_TYPES,
  type AuthField,
  type AuthInput,
  type AuthType,
  CLIENT_AUTHS,
  changeOf,
  inputOf,
} from "./auth-form.ts";
import style from "./authentication.module.css";

interface AuthenticationProps {
  readonly of: EndpointKey;
  readonly endpoint: Endpoint;
}

/** Shows and changes how deliveries authenticate at an endpoint and which certificates they trust. */
export function Authentication({ of, endpoint }: AuthenticationProps) {
  const action = useActionThen(refresh);
  const [saved, setSaved] = useState<Pick<Endpoint, "auth" | "tls">>(endpoint);
  const [input, setInput] = useState<AuthInput>(() => inputOf(endpoint));
  const save = async (event: Event) => {
    event.preventDefault();
    let written: WrittenEndpoint | null = null;
    const work = async () => {
      written = await changeEndpoint(of, changeOf(input, saved));
    };
    if (!(await action.run(work, "Saved.")) || written === null) return;
    setSaved(written);
    setInput(inputOf(written));
  };
  const set = (name: string, value: string) => setInput({ ...input, values: { ...input.values, [name]: value } });
  const isStored = saved.auth !== null && saved.auth.type === input.type;
  return (
    <CardSection
      title="Authentication"
      about="For receivers that demand more than the signature, or whose certificate a private authority has signed."
    >
      <Changing operation="v1.endpoint.patch">
        <form class={style.form} onSubmit={save} noValidate>
          <SelectField
            label="Deliveries authenticate with"
            value={input.type}
            choices={AUTH_TYPES}
            problem={problemAt(action, "auth")}
            onChange={(type) => setInput({ ...input, type: type as AuthType | "", values: inputFor(type, saved) })}
          />
          {input.type !== "" && <Fields input={input} isStored={isStored} action={action} set={set} />}
          <TextField
            label="Trusted certificates"
            isOptional
            rows={4}
            value={input.ca}
            input={{ placeholder: "-----BEGIN CERTIFICATE-----" }}
            help="PEM. They replace the public authorities for this endpoint."
            problem={problemAt(action, "tls", "ca") ?? problemAt(action, "tls")}
            onInput={(ca) => setInput({ ...input, ca })}
          />
          <button type="submit" disabled={action.busy}>
            Save authentication
          </button>
        </form>
      </Changing>
      <Outcome action={action} />
    </CardSection>
  );
}

/** Returns the values of a type that was chosen: the stored ones, or none. */
function inputFor(type: string, saved: Pick<Endpoint, "auth" | "tls">): AuthInput["values"] {
  return saved.auth?.type === type ? inputOf(saved).values : {};
}

interface FieldsProps {
  readonly input: AuthInput;
  /** Whether secrets of this type are stored. */
  readonly isStored: boolean;
  readonly action: Action;
  readonly set: (name: string, value: string) => void;
}

function Fields({ input: { type, values }, isStored, action, set }: FieldsProps) {
  if (type === "") return null;
  return (
    <>
      {AUTH_FIELDS[type].map(({ name, ...field }) => (
        <TextField
          key={`${type} ${name}`}
          {...fieldProps(field, isStored)}
          value={values[name] ?? ""}
          problem={problemAt(action, "auth", name)}
          onInput={(value) => set(name, value)}
        />
      ))}
      {type === "oauth2" && (
        <SelectField
          label="The client authenticates with"
          value={values.clientAuth ?? "basic"}
          choices={CLIENT_AUTHS}
          problem={problemAt(action, "auth", "clientAuth")}
          onChange={(value) => set("clientAuth", value)}
        />
      )}
    </>
  );
}

function fieldProps(
  { label, isSecret, isOptional, rows, placeholder, help }: Omit<AuthField, "name">,
  isStored: boolean,
) {
  const isKept = isSecret === true && isStored;
  const shown = isKept ? "stored; leave empty to keep it" : placeholder;
  return {
    label,
    ...(isOptional && { isOptional }),
    ...(rows !== undefined && { rows }),
    ...(help !== undefined && { help }),
    input: {
      ...(isSecret && rows === undefined && { type: "password" as const }),
      ...(shown !== undefined && { placeholder: shown }),
    },
  };
}

/** Returns what the server said about a field of the request, or null. */
function problemAt({ error }: Action, ...path: readonly string[]): string | null {
  if (!(error instanceof ApiError)) return null;
  const found = error.findings.find(({ loc }) => loc.slice(1).join(".") === path.join("."));
  return found?.msg ?? null;
}
