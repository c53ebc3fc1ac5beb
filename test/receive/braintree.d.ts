/** The part of the package that the tests use. It has no declarations of its own. */
declare module "braintree" {
  export const Environment: { readonly Sandbox: unknown };
  export class BraintreeGateway {
    constructor(options: { environment: unknown; merchantId: string; publicKey: string; privateKey: string });
    readonly webhookNotification: { parse(signature: string, payload: string): Promise<unknown> };
  }
  const whole: { Environment: typeof Environment; BraintreeGateway: typeof BraintreeGateway };
  export default whole;
}
