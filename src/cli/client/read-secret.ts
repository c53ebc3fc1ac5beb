import type { ReadStream } from "node:tty";
import { bytesOfStdin } from "./stdin.ts";

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const CTRL_U = "\u0015";
const ERASE = new Set(["\b", "\u007f"]);
/** Maximum length of a secret that is not typed, in bytes. */
const BYTES_MAX = 64 * 1024;

/**
 * Reads a secret from stdin: at a terminal one line, which is not shown, otherwise everything. Returns
 * it without surrounding white space. Exits with 130 after Ctrl-C.
 */
export async function readSecret(prompt: string): Promise<string> {
  const { stdin } = process;
  const text = stdin.isTTY ? await typed(stdin, prompt) : (await bytesOfStdin(BYTES_MAX)).toString("utf8");
  return text.trim();
}

function typed(stdin: ReadStream, prompt: string): Promise<string> {
  // Comes before the prompt, because the terminal shows what is typed until then.
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  process.stderr.write(prompt);
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
