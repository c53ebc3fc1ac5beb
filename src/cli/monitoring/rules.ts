import type { Command } from "commander";
import { ALERTS, type Alert } from "./alerts.ts";

const JOB = "boathook";

/** Adds the command that prints alert rules for Prometheus. */
export function addRulesCommand(program: Command): void {
  program
    .command("rules")
    .description("Print alert rules for Prometheus. Save them in a file and name it in rule_files.")
    .option("--job <name>", "name of the scrape job of Boathook in Prometheus", JOB)
    .action(({ job }: { job: string }) => {
      process.stdout.write(rulesText(job));
    });
}

/** Returns the rules as YAML. Each value is written as JSON, which YAML includes. */
export function rulesText(job: string, alerts: readonly Alert[] = ALERTS): string {
  const rules = alerts.flatMap((alert) => [
    `      - alert: ${alert.name}`,
    `        expr: ${JSON.stringify(alert.expr.replaceAll('"JOB"', () => JSON.stringify(job)))}`,
    ...(alert.for === null ? [] : [`        for: ${alert.for}`]),
    "        labels:",
    `          severity: ${alert.severity}`,
    "        annotations:",
    `          summary: ${JSON.stringify(alert.summary)}`,
    `          description: ${JSON.stringify(alert.description)}`,
  ]);
  return `${["groups:", "  - name: boathook", "    rules:", ...rules].join("\n")}\n`;
}
