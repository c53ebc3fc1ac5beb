/** The form of the field `auth` of endpoints. */
import { authTypes, type EndpointAuth, setMark, shownAuth } from "../endpoint-auth.ts";
import { choice, type Form, struct } from "./value-type.ts";

const string = (description: string): Form => ({ type: "string", keywords: { description }, nullable: true });

export const authType = {
  ...struct<EndpointAuth>(
    {
      type: choice(authTypes).input,
      token: string("`bearer`: the token, sent as `Authorization: Bearer`. A secret."),
      user: string("`basic`: the user name."),
      password: string("`basic`: the password. A secret."),
    },
    ["type"],
    {
      description: `How deliveries authenticate at the receiver; null means only by their signature. The fields depend on \`type\`. Responses show secrets as \`${setMark}\`, and sending that back keeps the stored secret. Cannot be combined with an \`authorization\` header of the endpoint or a user in its URL.`,
    },
  ),
  format: shownAuth,
};
