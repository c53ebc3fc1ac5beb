import type { Case } from "./stall-case.ts";

/** Returns an OpenAPI document with webhooks of 130 fields each. */
const webhooks = (count: number) => ({
  openapi: "3.1.0",
  webhooks: Object.fromEntries(
    Array.from({ length: count }, (_, i) => {
      const field = { type: "string", description: "Text that describes a field." };
      const properties = Object.fromEntries(Array.from({ length: 130 }, (_, k) => [`field-${i}-${k}`, field]));
      const content = { "application/json": { schema: { type: "object", properties } } };
      return [`webhook-${i}`, { post: { requestBody: { content } } }];
    }),
  ),
});

/** Returns an OpenAPI document with webhooks that share one schema of about 60 KB. */
const sharingWebhooks = (count: number) => {
  const field = { type: "string", description: "x".repeat(500) };
  const properties = Object.fromEntries(Array.from({ length: 110 }, (_, i) => [`field-${i}`, field]));
  const content = { "application/json": { schema: { $ref: "#/components/schemas/shared" } } };
  return {
    openapi: "3.1.0",
    webhooks: Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`webhook-${i}`, { post: { requestBody: { content } } }]),
    ),
    components: { schemas: { shared: { type: "object", properties } } },
  };
};

/** Imports documents one after the other, because the first import after a start does more work. */
function importing(...bodies: readonly object[]): Case["run"] {
  return async (server) => {
    for (const body of [...bodies, ...bodies]) {
      const url = `${new URL(server.messagesUrl).origin}/api/v1/event-type/import/openapi`;
      const options = { method: "POST", headers: server.headers, body: JSON.stringify(body) };
      const response = await fetch(url, options);
      if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${await response.text()}`);
      await response.arrayBuffer();
    }
    return undefined;
  };
}

export const importCases: Readonly<Record<string, Case>> = {
  "import-json": {
    token: "token",
    run: importing({ spec: webhooks(1) }, { spec: webhooks(100) }, { spec: sharingWebhooks(1000) }),
  },
  "import-yaml": { token: "token", run: importing({ specRaw: Bun.YAML.stringify(webhooks(120), null, 2) }) },
};
