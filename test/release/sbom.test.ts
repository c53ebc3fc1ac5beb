import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import packageJson from "../../package.json";
import { licenseOf } from "../../scripts/release/release.ts";
import { sbom } from "../../scripts/release/sbom.ts";
import { ROOT } from "../support/binary.ts";

const product = {
  ...{ name: "boathook", version: "1.2.3", description: "d", license: "MIT" },
  ...{ commit: "abc", timeSeconds: 1_700_000_000, bunVersion: "1.4.5" },
};

// biome-ignore lint/suspicious/noExplicitAny: the expectations of the test state the type
const of = (lock: string, licence: (key: string) => string | null = () => "MIT") => sbom(product, lock, licence) as any;

const sha = `sha512-${Buffer.alloc(64, 7).toString("base64")}`;
const lock = JSON.stringify({
  workspaces: { "": { dependencies: { "@a/one": "1.0.0", two: "2.0.0" }, devDependencies: { tool: "1.0.0" } } },
  packages: {
    "@a/one": [
      "@a/one@1.0.0",
      "",
      { dependencies: { shared: "^1.0.0" }, peerDependencies: { tool: "*", two: "*" } },
      sha,
    ],
    two: [
      "two@2.0.0",
      "",
      { dependencies: { shared: "^2.0.0" }, peerDependencies: { absent: "*" }, optionalPeers: ["absent"] },
      sha,
    ],
    shared: ["shared@1.5.0", "", {}, sha],
    "two/shared": ["shared@2.1.0", "", {}, sha],
    tool: ["tool@1.0.0", "", { dependencies: { deep: "1.0.0" } }, sha],
    deep: ["deep@1.0.0", "", {}, sha],
  },
});

describe("the list of what an executable contains", () => {
  test("the list of what an executable contains has the runtime and all packages of the program, and none of its development", () => {
    const { components, dependencies } = of(lock);
    const refs = components.map((one: { "bom-ref": string }) => one["bom-ref"]);
    expect(refs).toEqual([
      "pkg:generic/bun@1.4.5",
      "pkg:npm/%40a/one@1.0.0",
      "pkg:npm/shared@1.5.0",
      "pkg:npm/two@2.0.0",
      "pkg:npm/shared@2.1.0",
    ]);
    expect(dependencies).toContainEqual({ ref: "pkg:npm/two@2.0.0", dependsOn: ["pkg:npm/shared@2.1.0"] });
    expect(dependencies).toContainEqual({
      ref: "pkg:npm/%40a/one@1.0.0",
      dependsOn: ["pkg:npm/shared@1.5.0", "pkg:npm/two@2.0.0"],
    });
    expect(components[1]).toMatchObject({
      ...{ group: "@a", name: "one", version: "1.0.0", licenses: [{ expression: "MIT" }] },
      hashes: [{ alg: "SHA-512", content: "07".repeat(64) }],
    });
  });

  test("the list of what an executable contains names the product with its commit, and is the same for the same sources", () => {
    const document = of(lock);
    expect(document).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.6", version: 1 });
    expect(document.metadata.component).toMatchObject({ name: "boathook", version: "1.2.3" });
    expect(document.metadata.component.properties).toEqual([{ name: "boathook:commit", value: "abc" }]);
    expect(document.serialNumber).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(of(lock)).toEqual(document);
    expect(of(lock, () => null).serialNumber).not.toBe(document.serialNumber);
  });

  test("of this project is complete: every dependency is listed, with version, hash and licence", async () => {
    const { components, dependencies } = of(await Bun.file(join(ROOT, "bun.lock")).text(), licenseOf);
    const refs = new Set(components.map((one: { "bom-ref": string }) => one["bom-ref"]));
    expect(refs.size).toBe(components.length);
    for (const [name, version] of Object.entries(packageJson.dependencies)) {
      expect(refs).toContain(`pkg:npm/${name.replace("@", "%40")}@${version}`);
    }
    for (const { dependsOn } of dependencies) for (const ref of dependsOn) expect(refs).toContain(ref);
    for (const { name, licenses, hashes, type } of components) {
      expect({ name, license: licenses?.[0].expression }).toEqual({ name, license: expect.any(String) });
      if (type === "library") expect(hashes[0].content).toMatch(/^[0-9a-f]{128}$/);
    }
    expect(components.map((one: { name: string }) => one.name)).not.toContain("typescript");
  });
});
