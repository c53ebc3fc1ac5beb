import type { ReadStream } from "node:tty";
import { CommandFailed } from "../exit-code.ts";

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const CTRL_U = "\u0015";
const ERASE = new Set(["\b", "\u007f"]);
/** Maximum length of stdin, in bytes. */
const BYTES_MAX = 64 * 1024;

/**
 * Reads a secret: one line typed at the terminal, which is not shown, or all of stdin if it is no
 * terminal. Returns it without the white space around it. Exits with 130 after Ctrl-C.
 */
export async function readSecret(prompt: string): Promise<string> {
  const { stdin } = process;
  const text = stdin.isTTY ? await typed(stdin, prompt) : await piped();
  return text.trim();
}

async function piped(): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of Bun.stdin.stream()) {
    bytes += part.length;
    if (bytes > BYTES_MAX) throw new CommandFailed("The text on stdin is too long for a token.");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function typed(stdin: ReadStream, prompt: string): Promise<string> {
  process.stderr.write(prompt);
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  let line = "";
  return new Promise((resolve) => {
    const end = () => {
      stdin.off("data", take);
      stdin.setRawMode(false);
      stdin.pause();
      process.stderr.write("\n");
    };
    const take = (text: string) => {
      for (const character of text) {
        if (character === CTRL_C) {
          end();
          process.exit(130);
        }
        if (character === "\r" || character === "\n" || character === CTRL_D) {
          end();
          resolve(line);
          return;
        }
        if (character === CTRL_U) line = "";
        else line = ERASE.has(character) ? line.slice(0, -1) : line + character;
      }
    };
    stdin.on("data", take);
    stdin.resume();
  });
}
