import { expect, test } from "bun:test";
import type { Dashboard, Panel, RowPanel, VariableModel } from "@grafana/schema";
import { dashboard } from "../../src/cli/monitoring/dashboard.ts";

/** A type of Grafana's schema in JSON: its enums are plain texts and numbers. */
type Json<T> = T extends string
  ? `${T}`
  : T extends number
    ? number
    : T extends readonly (infer Item)[]
      ? Json<Item>[]
      : T extends object
        ? { [Key in keyof T]: Json<T[Key]> }
        : T;

test("the board has the form of Grafana's schema, which the compiler checks", () => {
  const board = dashboard() satisfies Json<Dashboard>;
  const variables = board.templating.list satisfies Json<VariableModel>[];
  const panels = board.panels satisfies (Json<Panel> | Json<RowPanel>)[];
  expect([variables.length, panels.length > 10]).toEqual([2, true]);
});
