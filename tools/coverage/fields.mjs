// The fields of config.json that the specification has, from its schema, and those that a document sets. A field is a
// JSON pointer, where `-` is any element of an array and `*` any name.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../build.mjs";

const SCHEMAS = join(ROOT, "test/fixtures/schema");
/** Sections for other platforms: each is one field here. */
const FOREIGN = ["windows", "solaris", "vm", "zos", "freebsd"];

/** @typedef {Map<string, Tree>} Tree without entries: a field that has no others in it */

/** @type {Map<string, any>} */
const documents = new Map();

/** @param {string} file */
function schema(file) {
  if (!documents.has(file)) documents.set(file, JSON.parse(readFileSync(join(SCHEMAS, file), "utf8")));
  return documents.get(file);
}

const TREE = treeOf(schema("config-schema.json"), "config-schema.json");

/** @returns {string[]} all fields that have no others in them, in the order of the schema */
export function specificationFields() {
  return leaves(TREE, "");
}

/**
 * @param {any} node of a schema
 * @param {string} file that it is in
 * @returns {Tree}
 */
function treeOf(node, file) {
  /** @type {Tree} */
  const tree = new Map();
  const add = (/** @type {string} */ key, /** @type {Tree} */ below) =>
    tree.set(key, merged(tree.get(key), below));
  if (node.$ref !== undefined) {
    const [name, path] = node.$ref.split("#");
    const target = name || file;
    const found = path.split("/").reduce((at, key) => (key === "" ? at : at[key]), schema(target));
    for (const [key, below] of treeOf(found, target)) add(key, below);
  }
  for (const part of [node.allOf, node.anyOf, node.oneOf].flatMap((parts) => parts ?? [])) {
    for (const [key, below] of treeOf(part, file)) add(key, below);
  }
  for (const [key, property] of Object.entries(node.properties ?? {})) {
    const isForeign = file === "config-schema.json" && FOREIGN.includes(key);
    add(key, isForeign ? new Map() : treeOf(property, file));
  }
  for (const named of [node.additionalProperties, ...Object.values(node.patternProperties ?? {})]) {
    if (typeof named === "object") add("*", treeOf(named, file));
  }
  // An array of plain values is a field as a whole.
  const elements = node.items === undefined ? new Map() : treeOf(node.items, file);
  if (elements.size > 0) add("-", elements);
  return tree;
}

/**
 * @param {Tree | undefined} one
 * @param {Tree} other
 * @returns {Tree}
 */
function merged(one, other) {
  const tree = new Map(one);
  for (const [key, below] of other) tree.set(key, merged(tree.get(key), below));
  return tree;
}

/**
 * @param {Tree} tree
 * @param {string} path
 * @returns {string[]}
 */
function leaves(tree, path) {
  if (tree.size === 0) return [path];
  return [...tree].flatMap(([key, below]) => leaves(below, `${path}/${key}`));
}

/**
 * @param {object} document a config.json
 * @param {object} base what it was made of
 * @returns {string[]} fields with values that the base does not have there
 */
export function fieldsSet(document, base) {
  const before = valuesIn(base);
  return [...valuesIn(document)]
    .filter(([field, values]) => [...values].some((value) => !before.get(field)?.has(value)))
    .map(([field]) => field);
}

/** @param {object} document */
function valuesIn(document) {
  /** @type {Map<string, Set<string>>} */
  const values = new Map();
  collect(document, TREE, "", (field, value) => {
    values.set(field, (values.get(field) ?? new Set()).add(JSON.stringify(value)));
  });
  return values;
}

/**
 * @param {unknown} value
 * @param {Tree} tree
 * @param {string} path
 * @param {(field: string, value: unknown) => void} found
 */
function collect(value, tree, path, found) {
  if (value === undefined || value === null) return;
  if (tree.size === 0) found(path, value);
  else if (Array.isArray(value)) {
    const elements = tree.get("-");
    if (elements !== undefined) for (const element of value) collect(element, elements, `${path}/-`, found);
  } else if (typeof value === "object") {
    for (const [key, member] of Object.entries(value)) {
      const name = tree.has(key) ? key : "*";
      const below = tree.get(name);
      if (below !== undefined) collect(member, below, `${path}/${name}`, found);
    }
  }
}
