import { expect, test } from "bun:test";
import { callerOf, describeInBrowser, openAdminPage, BROWSER_TIMEOUT_MS as TIMEOUT_MS } from "../support/browser.ts";
import { until } from "../support/delivery.ts";

const TOKEN = "root-token-of-the-test-of-authentication";

describeInBrowser("the authentication on the page of an endpoint", { env: { BOATHOOK_ROOT_TOKEN: TOKEN } }, (group) => {
  const call = callerOf(group, TOKEN);

  test(
    "the authentication of an endpoint is set and changed, its secret is kept, and problems are shown at their fields",
    async () => {
      await call("POST", "/app", { uid: "gate", name: "Gate" });
      const url = `${group.server.url}/inbox/inbox-of-the-gate`;
      const { id } = await call("POST", "/app/gate/endpoint", { url });
      const stored = async () => (await call("GET", `/app/gate/endpoint/${id}`)).auth;
      // A response 422 is an error of the console; this test expects some.
      await using opened = await openAdminPage(group, TOKEN, `#/app/gate/endpoint/${id}?tab=settings`, {
        ignored: "422",
      });
      const { page } = opened;
      const section = page.getByRole("region", { name: "Authentication" });
      const type = section.getByLabel("Deliveries authenticate with");
      const save = section.getByRole("button", { name: "Save authentication" });
      const saved = section.getByText("Saved.", { exact: true });

      await type.selectOption("bearer");
      await section.getByLabel("Token").fill("a b");
      await save.click();
      await section.getByText("Must be printable ASCII characters without spaces.").first().waitFor();
      await section.getByLabel("Token").fill("secret-of-the-gate");
      await save.click();
      await saved.waitFor();
      expect(await stored()).toEqual({ type: "bearer", token: "[set]" });
      expect(await section.getByLabel("Token").inputValue()).toBe("");
      expect(await page.content()).not.toContain("secret-of-the-gate");
      await save.click();
      await saved.waitFor();
      expect(await stored()).toEqual({ type: "bearer", token: "[set]" });

      await type.selectOption("oauth2");
      await section.getByLabel("Token URL").fill("https://login.example/token");
      await section.getByLabel("Client id").fill("boathook");
      await section.getByLabel("Client secret").fill("s3cret");
      await section.getByLabel("Further parameters").fill("audience: x");
      await section.getByLabel("Trusted certificates").fill("no certificate");
      await save.click();
      await section
        .getByText(/Must be one or more certificates in PEM/)
        .first()
        .waitFor();
      await section.getByLabel("Trusted certificates").fill("");
      await page.setViewportSize({ width: 320, height: 640 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      await page.setViewportSize({ width: 1280, height: 800 });
      await save.click();
      const auth = await until(stored, (one) => one?.type === "oauth2");
      expect(auth).toMatchObject({ clientSecret: "[set]", extraParams: { audience: "x" }, clientAuth: "basic" });

      await saved.waitFor();
      await type.selectOption("");
      await save.click();
      await until(stored, (one) => one === null);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
