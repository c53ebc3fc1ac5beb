import type { Answer, Shortage } from "../ports.ts";
import type { AccessToken } from "./access-token.ts";
import type { PreparedTarget, TargetMessage } from "./target.ts";

/** An endpoint whose attempts can carry an access token. */
export interface Authorizable {
  /** Like `PreparedTarget.deliver`. `authorization` is the value of `Authorization` for this attempt. */
  deliverWith(authorization: string, message: TargetMessage, signal: AbortSignal): Promise<Answer | Shortage>;
}

/** An endpoint whose deliveries carry an access token. */
export class AuthorizedEndpoint<E extends Authorizable> implements PreparedTarget {
  constructor(
    protected readonly endpoint: E,
    protected readonly token: AccessToken,
  ) {}

  /**
   * Makes one attempt. If the receiver responds with 401, the token may have been revoked, so the
   * request is sent once more with a new one.
   */
  async deliver(message: TargetMessage, signal: AbortSignal): Promise<Answer | Shortage> {
    const first = await this.token.get(signal);
    if (typeof first !== "string") return first;
    const answer = await this.endpoint.deliverWith(`Bearer ${first}`, message, signal);
    if (answer.kind !== "response" || answer.status !== 401 || signal.aborted) return answer;
    this.token.drop(first);
    const second = await this.token.get(signal);
    return typeof second === "string" ? this.endpoint.deliverWith(`Bearer ${second}`, message, signal) : second;
  }
}
