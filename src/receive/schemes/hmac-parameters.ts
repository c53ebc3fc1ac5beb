import type { KeyObject } from "node:crypto";
import type { Encoding } from "./bytes.ts";
import type { SecretForm } from "./secret.ts";
import type { Algorithm, SignatureFormat } from "./signature-format.ts";
import type { Template } from "./template.ts";
import type { TimeUnit, Window } from "./time.ts";

/** An HMAC of a template with the body, and often a time and an id. */
export interface HmacParameters {
  readonly type: "hmac";
  /** The headers that may hold the signature. A signature in any of them is enough. */
  readonly headers: readonly string[];
  /** A parameter of the query that may hold the signature. */
  readonly parameter?: string;
  /** Default: `bare`. */
  readonly format?: SignatureFormat;
  /** Default: SHA-256. */
  readonly algorithm?: Algorithm;
  /** Default: hexadecimal. */
  readonly encoding?: Encoding;
  /** Default: `{body}`. See `Template`. */
  readonly signedString?: string;
  /**
   * What `{body}` stands for. `payload`: the decoded field `payload` of a form, or of the query of a
   * GET request; any other body as it is. `first-item`: of a list, the first item also counts. Such
   * a request is only authenticated.
   */
  readonly body?: "raw" | "payload" | "first-item";
  /** Default: `utf8`. */
  readonly secret?: SecretForm;
  /** Further fields of the configuration that hold a secret. */
  readonly furtherSecrets?: readonly string[];
  readonly time?: TimeParameters;
  /** A header that names the key, and the field of the configuration with the expected name. */
  readonly keyName?: { readonly header: string; readonly field: string };
}

/** Where the time is: in the signature header (`pairs`), in a header, or in the JSON body. */
export type TimeParameters = Window & { readonly unit: TimeUnit } & (
    | { readonly pair: true }
    | { readonly header: string }
    | { readonly field: string }
  );

/** The parameters and keys of one source, prepared. */
export interface Hmac {
  readonly parameters: HmacParameters;
  readonly headers: readonly string[];
  readonly format: SignatureFormat;
  readonly algorithm: Algorithm;
  readonly encoding: Encoding;
  readonly template: Template;
  readonly keys: readonly KeyObject[];
  readonly time: TimeParameters | null;
  readonly timeHeader: string | null;
  readonly window: Window;
  readonly expectedKeyName: string | null;
}
