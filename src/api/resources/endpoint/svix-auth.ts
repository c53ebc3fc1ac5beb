/** What the operations of the Svix API that change the field `auth` share. */
import type { AuthType } from "../../../core/endpoint-auth.ts";
import { conflict, Invalid } from "../../../core/problem.ts";
import type { Endpoint } from "../../../store/index.ts";

/** Throws 409 if the endpoint authenticates in another way, which the request does not name. */
export function refuseOtherType({ auth }: Pick<Endpoint, "auth">, type: AuthType): void {
  if (auth === null || auth.type === type) return;
  throw conflict(`The endpoint authenticates by ${auth.type}. Remove that first.`);
}

/** Runs `work`. In its errors, fields of `auth` and `tls` are fields of the body, as in the request. */
export async function atTopLevel<T>(
  work: () => Promise<T>,
  nameOf: (field: string) => string = (name) => name,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    throw new Invalid(
      ...error.findings.map((finding) => {
        const [root, parent, name] = finding.loc;
        const isInner = (parent === "auth" || parent === "tls") && name !== undefined;
        return isInner ? { ...finding, loc: [root!, nameOf(name)] } : finding;
      }),
    );
  }
}
