import { expect, test } from "bun:test";
import wasmPath from "@jitl/quickjs-wasmfile-release-sync/wasm" with { type: "file" };
import { meterLoops, UnknownWasm } from "../../src/sandbox/meter.ts";

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** Types `() → f64` and `() → ()`; an import `a.p` of the first type; one function of the second. */
const TYPES = [0x01, 0x08, 0x02, 0x60, 0x00, 0x01, 0x7c, 0x60, 0x00, 0x00];
const IMPORTS = [0x02, 0x07, 0x01, 0x01, 0x61, 0x01, 0x70, 0x00, 0x00];
const FUNCTIONS = [0x03, 0x02, 0x01, 0x01];
const GLOBALS = [0x06, 0x06, 0x01, 0x7f, 0x01, 0x41, 0x00, 0x0b];
const EXPORTS = [0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x01];
/** A function that loops without end. */
const CODE = [0x0a, 0x09, 0x01, 0x07, 0x00, 0x03, 0x40, 0x0c, 0x00, 0x0b, 0x0b];

test("a loop that calls nothing calls the clock, which can end it", async () => {
  const metered = meterLoops(Uint8Array.from([HEADER, TYPES, IMPORTS, FUNCTIONS, GLOBALS, EXPORTS, CODE].flat()));
  let looks = 0;
  const clock = () => {
    looks++;
    if (looks === 3) throw new Error("enough");
    return 0;
  };
  const { instance } = await WebAssembly.instantiate(metered, { a: { p: clock } });
  expect(() => (instance.exports.f as () => void)()).toThrow("enough");
  expect(looks).toBe(3);
});

test("the interpreter stays a valid module", async () => {
  const wasm = await Bun.file(wasmPath).bytes();
  const metered = meterLoops(wasm);
  expect(WebAssembly.validate(metered)).toBe(true);
  expect(metered.length).toBeGreaterThan(wasm.length);
});

test("modules that are not understood are refused", () => {
  const withoutClock = [HEADER, TYPES, [0x02, 0x01, 0x00], FUNCTIONS, GLOBALS, EXPORTS, CODE].flat();
  const withVectors = [
    HEADER,
    TYPES,
    IMPORTS,
    FUNCTIONS,
    GLOBALS,
    [0x0a, 0x06, 0x01, 0x04, 0x00, 0xfd, 0x0c, 0x0b],
  ].flat();
  const cut = [HEADER, TYPES, IMPORTS, FUNCTIONS, GLOBALS, CODE.slice(0, -2)].flat();
  for (const wasm of [HEADER, withoutClock, withVectors, cut]) {
    expect(() => meterLoops(Uint8Array.from(wasm))).toThrow(UnknownWasm);
  }
});
