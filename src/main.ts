#!/usr/bin/env bun
import { assumeLittleMemory } from "./cli/heap-growth.ts";

const args = process.argv.slice(2);
assumeLittleMemory(args);
// Imported only now, because the program may start again.
const { runCommandLine } = await import("./cli/program.ts");
process.exit(await runCommandLine(args));
