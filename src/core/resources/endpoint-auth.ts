/** The forms of the fields `auth` and `tls` of endpoints. */
import { authTypes, clientAuths, type EndpointAuth, setMark, shownAuth } from "../endpoint-auth.ts";
import { choice, type Form, struct } from "./value-type.ts";

const string = (description: string): Form => ({ type: "string", keywords: { description }, nullable: true });
const strings = (description: string): Form => ({
  type: "map",
  keywords: { description },
  items: { type: "string" },
  nullable: true,
});

export const authType = {
  ...struct<EndpointAuth>(
    {
      type: choice(authTypes).input,
      token: string("`bearer`: the token, sent as `Authorization: Bearer`. A secret."),
      user: string("`basic`: the user name."),
      password: string("`basic`: the password. A secret."),
      tokenUrl: string(
        "`oauth2`: the URL of the token endpoint. Its address must be allowed like that of an endpoint.",
      ),
      clientId: string("`oauth2`: the id of the client."),
      clientSecret: string(
        "`oauth2`: the secret of the client, or its private key in PEM for signed assertions (RS256, ES256). A secret.",
      ),
      scope: string("`oauth2`: the scopes to request, separated by spaces."),
      clientAuth: {
        ...choice(clientAuths, {
          description:
            "`oauth2`: how the client authenticates: with Basic authorization (default), with its id and secret in the form, or with an assertion in the form that is signed with its secret.",
        }).input,
        nullable: true,
      },
      extraParams: strings("`oauth2`: further parameters of the request for a token, such as `audience`."),
      extraHeaders: strings("`oauth2`: further headers of the request for a token."),
      keyId: string("`oauth2`: the `kid` of signed assertions."),
      assertionSeconds: {
        type: "integer",
        keywords: { minimum: 1, maximum: 3600, description: "`oauth2`: validity of signed assertions. Default: 300." },
        nullable: true,
      },
      certificate: string("`mtls`: the client's certificate in PEM, followed by its intermediate certificates."),
      key: string("`mtls`: the private key of the certificate in PEM, not encrypted. A secret."),
      ca: string("`mtls`: the certificates to trust instead of the public roots, in PEM."),
    },
    ["type"],
    {
      description: `How deliveries authenticate at the receiver; null means only by their signature. The fields depend on \`type\`. Responses show secrets as \`${setMark}\`, and sending that back keeps the stored secret. Cannot be combined with an \`authorization\` header of the endpoint or a user in its URL.`,
    },
  ),
  format: shownAuth,
};

/** How deliveries verify the receiver. */
export interface EndpointTls {
  /** PEM certificates to trust instead of the public roots. */
  readonly ca: string;
}

export const tlsType = struct<EndpointTls>(
  { ca: string("The certificates to trust instead of the public roots, in PEM.") },
  ["ca"],
  { description: "How deliveries verify the receiver's certificate; null means by the public roots." },
);
