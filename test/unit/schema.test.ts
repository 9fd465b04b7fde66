// What `spec` and `features` write fits the specification's schemas.

import { expect, test } from "vitest";
import { featuresDocument } from "../../src/cli/features.ts";
import { formatSpec, specTemplate } from "../../src/cli/spec_template.ts";
import { violations } from "../schema.ts";

test("the schemas complain of what is wrong, in any of their files", () => {
  const config = { ociVersion: 1, linux: { devices: [{ type: "c" }], resources: { pids: { limit: "1" } } } };
  expect(violations("config", config).toSorted()).toEqual([
    "/linux/devices/0: must have required property 'path'",
    "/linux/resources/pids/limit: must be integer",
    "/ociVersion: must be string",
  ]);
});

test.each([
  ["spec", specTemplate()],
  ["spec --rootless", specTemplate({ uid: 1000, gid: 1000 })],
])("the schema of config.json fits what `%s` writes", (_, template) => {
  expect(violations("config", JSON.parse(formatSpec(template)))).toEqual([]);
});

test("the schema of features fits all that can be in them", () => {
  const document = featuresDocument({ isArchitecture: () => true, isFlag: () => true });
  expect(violations("features", document)).toEqual([]);
});
