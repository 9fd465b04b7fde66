// The specification's own schemas, which are JSON Schema of draft 4, and what of a document does not fit them.

import { readdirSync, readFileSync } from "node:fs";
import Ajv from "ajv-draft-04";

const DIRECTORY = new URL("fixtures/schema/", import.meta.url);

// Formats are not checked: the schemas have none. Not strict: `type` may stand beside `$ref`.
const ajv = new Ajv({ strict: false, allErrors: true });
for (const name of readdirSync(DIRECTORY).filter((file) => file.endsWith(".json"))) {
  // A reference in defs.json lacks the slash of its JSON pointer.
  const text = readFileSync(new URL(name, DIRECTORY), "utf8").replaceAll('"#definitions/', '"#/definitions/');
  ajv.addSchema(JSON.parse(text), name);
}

/** @returns the pointer and the complaint, for each; nothing of a valid document */
export function violations(schema: "config" | "state" | "features", document: unknown): readonly string[] {
  ajv.validate(`${schema}-schema.json`, document);
  return (ajv.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}
