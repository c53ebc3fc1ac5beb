import { expect, test } from "bun:test";
import { Webhook, WebhookVerificationError } from "svix";
import { Webhook as Webhook1, WebhookVerificationError as WebhookVerificationError1 } from "svix1";
import { type Received, startReceiver } from "../support/receiver.ts";
import { startServer } from "../support/server.ts";
import { sdkSuite } from "./clients.ts";

const OWN = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
const PAYLOAD = { hello: "wörld" };

for (const signatureHeaders of ["webhook", "svix"]) {
  sdkSuite(
    "endpoint-secret",
    (sdk) => {
      const [Verifier, VerificationError] =
        sdk.version === "1.x" ? [Webhook1, WebhookVerificationError1] : [Webhook, WebhookVerificationError];

      /** Returns whether the SDK verifies the request with the key. */
      function accepts(key: string, { body, headers }: Received): boolean {
        try {
          new Verifier(key).verify(body.toString(), Object.fromEntries(headers));
          return true;
        } catch (error) {
          expect(error).toBeInstanceOf(VerificationError);
          return false;
        }
      }

      test(`the SDK verifies requests with ${signatureHeaders} headers and rejects changed ones`, async () => {
        await using receiver = startReceiver();
        const { application, endpoint, message } = sdk.client();
        const { id: app } = await application.create({ name: "App" });
        const { id } = await endpoint.create(app, { url: receiver.url });
        const { key } = await endpoint.getSecret(app, id);
        expect(key).toStartWith("whsec_");
        await message.create(app, { eventType: "a", payload: PAYLOAD });
        const [request] = await receiver.arrived(1);
        expect(request!.headers.has(`${signatureHeaders}-signature`)).toBe(true);
        expect(accepts(key, request!)).toBe(true);
        expect(accepts(OTHER, request!)).toBe(false);
        expect(accepts(key, { ...request!, body: Buffer.from('{"hello":"you"}') })).toBe(false);
        const timestamp = new Date(1000 * Number(request!.headers.get(`${signatureHeaders}-timestamp`)));
        const signature = request!.headers.get(`${signatureHeaders}-signature`);
        expect(new Verifier(key).sign(request!.id, timestamp, request!.body.toString())).toBe(signature!);
      });

      test(`a rotated secret stays valid for its grace period (${signatureHeaders} headers)`, async () => {
        await using receiver = startReceiver();
        const { application, endpoint, message } = sdk.client();
        const { id: app } = await application.create({ name: "App" });
        const { id } = await endpoint.create(app, { url: receiver.url, secret: OWN });
        let sent = 0;
        const next = async () => {
          await message.create(app, { eventType: "a", payload: PAYLOAD });
          return (await receiver.arrived(++sent)).at(-1)!;
        };
        expect((await endpoint.getSecret(app, id)).key).toBe(OWN);

        await endpoint.rotateSecret(app, id, {});
        const { key: generated } = await endpoint.getSecret(app, id);
        expect(generated).not.toBe(OWN);
        const withBoth = await next();
        expect([accepts(OWN, withBoth), accepts(generated, withBoth)]).toEqual([true, true]);

        await endpoint.rotateSecret(app, id, { key: OTHER });
        expect((await endpoint.getSecret(app, id)).key).toBe(OTHER);
        const withThree = await next();
        expect([OWN, generated, OTHER].map((key) => accepts(key, withThree))).toEqual([true, true, true]);

        await endpoint.rotateSecret(app, id, { gracePeriodSeconds: 0 });
        const { key: last } = await endpoint.getSecret(app, id);
        const afterwards = await next();
        expect([OTHER, last].map((key) => accepts(key, afterwards))).toEqual([false, true]);
      });

      test(`a rotation to an invalid secret is refused (${signatureHeaders} headers)`, async () => {
        const { application, endpoint } = sdk.client();
        const { id: app } = await application.create({ name: "App" });
        const { id } = await endpoint.create(app, { url: "https://example.com", secret: OWN });
        for (const key of ["", "whsec_", "whsec_c2hvcnQ=", "plain"]) {
          await sdk.refused(422, endpoint.rotateSecret(app, id, { key }));
        }
        expect((await endpoint.getSecret(app, id)).key).toBe(OWN);
      });
    },
    () => startServer(["--retry-schedule=", `--signature-headers=${signatureHeaders}`]),
  );
}
