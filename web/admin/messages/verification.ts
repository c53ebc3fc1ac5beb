import { textOf } from "../../kit/bytes.ts";
import type { SentBody, Signed } from "./sent.ts";

/** Programs that check the signature of one attempt with the library of Standard Webhooks. */

export type Language = "node" | "python" | "go";

export const LANGUAGES: readonly { readonly value: Language; readonly label: string }[] = [
  { value: "node", label: "Node" },
  { value: "python", label: "Python" },
  { value: "go", label: "Go" },
];

/** Maximum length of a body that is written into the program. Longer ones are read from a file. */
const LITERAL_CHARS_MAX = 8_192;
const UNKNOWN_SIGNATURE = "PASTE THE HEADER webhook-signature HERE";
export const BODY_FILE = "payload.bin";

/**
 * Returns a program. It compares signatures instead of calling `verify`, which refuses timestamps that
 * are older than five minutes. The program reads the secret from the environment.
 */
export function verification(language: Language, signed: Signed, body: SentBody): string {
  const text = body === null ? null : textOf(body);
  const literal = text === null || text.length > LITERAL_CHARS_MAX ? null : JSON.stringify(text);
  // The literals of JSON are also literals of these languages.
  const known = {
    ...signed,
    id: JSON.stringify(signed.id),
    signature: JSON.stringify(signed.signature ?? UNKNOWN_SIGNATURE),
  };
  return PROGRAMS[language]({ ...known, literal });
}

interface Parts extends Omit<Signed, "signature"> {
  readonly signature: string;
  /** Null if the body is read from a file. */
  readonly literal: string | null;
}

/** It stands apart, so that nothing takes the packages of the program for imports of this file. */
const PARENTHESIS = "(";

const PROGRAMS: Readonly<Record<Language, (parts: Parts) => string>> = {
  node: ({ id, timestampSeconds, signature, literal }) => `// npm install standardwebhooks
${literal === null ? 'import { readFileSync } from "node:fs";\n' : ""}import { Webhook } from "standardwebhooks";

const id = ${id};
const timestamp = new Date(${timestampSeconds} * 1000);
const signature = ${signature};
const body = ${literal ?? `readFileSync("${BODY_FILE}", "utf8")`};

// The endpoint's secret, whsec_…
const webhook = new Webhook(process.env.WEBHOOK_SECRET);
const expected = webhook.sign(id, timestamp, body);
console.log(signature.split(" ").includes(expected) ? "valid" : \`not valid, expected \${expected}\`);

// In your receiver: webhook.verify(rawBody, headers). It also refuses timestamps older than five minutes.
`,
  python: ({ id, timestampSeconds, signature, literal }) => `# pip install standardwebhooks
import os
from datetime import datetime, timezone
from standardwebhooks import Webhook

id = ${id}
timestamp = datetime.fromtimestamp(${timestampSeconds}, tz=timezone.utc)
signature = ${signature}
body = ${literal ?? `open("${BODY_FILE}", encoding="utf-8", newline="").read()`}

# The endpoint's secret, whsec_…
webhook = Webhook(os.environ["WEBHOOK_SECRET"])
expected = webhook.sign(id, timestamp, body)
print("valid" if expected in signature.split(" ") else f"not valid, expected {expected}")

# In your receiver: webhook.verify(raw_body, headers). It also refuses timestamps older than five minutes.
`,
  go: ({
    id,
    timestampSeconds,
    signature,
    literal,
  }) => `// go get github.com/standard-webhooks/standard-webhooks/libraries
package main

import ${PARENTHESIS}
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func main() {
	id := ${id}
	timestamp := time.Unix(${timestampSeconds}, 0)
	signature := ${signature}
${literal === null ? `	body, err := os.ReadFile("${BODY_FILE}")\n	if err != nil {\n		log.Fatal(err)\n	}` : `	body := []byte(${literal})`}

	// The endpoint's secret, whsec_…
	webhook, err := standardwebhooks.NewWebhook(os.Getenv("WEBHOOK_SECRET"))
	if err != nil {
		log.Fatal(err)
	}
	expected, err := webhook.Sign(id, timestamp, body)
	if err != nil {
		log.Fatal(err)
	}
	if slices.Contains(strings.Split(signature, " "), expected) {
		fmt.Println("valid")
	} else {
		fmt.Println("not valid, expected", expected)
	}
}

// In your receiver: webhook.Verify(rawBody, request.Header). It also refuses timestamps older than five minutes.
`,
};
