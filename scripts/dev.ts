import { join } from "node:path";
import { serverEnvironment } from "../src/cli/process-environment.ts";
import { SCHEMA } from "../src/config/index.ts";
import { buildWeb } from "./web.ts";

/**
 * `bun run dev` runs the server from its sources and restarts it whenever a source file changes.
 */

const MAIN = join(import.meta.dir, "..", "src", "main.ts");

await buildWeb();
// The environment that the server needs, so that it does not replace the watching process.
const environment = serverEnvironment(process.env, Number(SCHEMA.deliveryConcurrency.default)) ?? process.env;
const server = Bun.spawn([process.execPath, "--watch", MAIN, "serve", ...process.argv.slice(2)], {
  stdio: ["inherit", "inherit", "inherit"],
  env: environment,
});
// A terminal sends its signals to both processes, so only wait for the server to exit.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (signal === "SIGTERM") server.kill(signal);
  });
}
process.exit(await server.exited);
