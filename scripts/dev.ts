import { join } from "node:path";
import { buildWeb } from "./web.ts";

/** `bun run dev` runs the server from its sources and restarts it when a source file changes. */

const MAIN = join(import.meta.dir, "..", "src", "main.ts");

await buildWeb();
const server = Bun.spawn([process.execPath, "--watch", MAIN, "serve", ...process.argv.slice(2)], {
  stdio: ["inherit", "inherit", "inherit"],
});
// A terminal sends its signals to both processes, so this one only waits for the server to exit.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (signal === "SIGTERM") server.kill(signal);
  });
}
process.exit(await server.exited);
