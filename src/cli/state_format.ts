// Containers as `state` and `list` print them, to the byte as runc does: engines and scripts parse all of it.

import type { ContainerState } from "../container/state.ts";
import { validJson } from "../utf8.ts";

/** Two spaces of indentation and no newline at the end. */
export function formatState(state: ContainerState): string {
  return validJson(JSON.stringify(ordered(state), undefined, 2));
}

/** One line; `null` where Go has an empty slice. */
export function formatJsonList(states: readonly ContainerState[]): string {
  return `${states.length === 0 ? "null" : validJson(JSON.stringify(states.map(ordered)))}\n`;
}

export function formatIds(states: readonly ContainerState[]): string {
  return states.map(({ id }) => `${id}\n`).join("");
}

function ordered(state: ContainerState): Readonly<Record<string, unknown>> {
  const { ociVersion, id, pid, status, bundle, rootfs, created, annotations = {}, owner } = state;
  const names = Object.keys(annotations).sort();
  const sorted = Object.fromEntries(names.map((name) => [name, annotations[name]]));
  return {
    ociVersion,
    id,
    pid,
    status,
    bundle,
    rootfs,
    created,
    ...(names.length > 0 && { annotations: sorted }),
    owner,
  };
}

const HEADER = ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"];

/** A column has at least 12 characters, three of them spaces: Go's tabwriter(12, 1, 3, ' '). */
export function formatTable(states: readonly ContainerState[]): string {
  const rows = states.map(({ id, pid, status, bundle, created, owner }) =>
    [id, pid, status, bundle, created, owner].map(String),
  );
  const table = [HEADER, ...rows];
  // The last column is not padded.
  const widths = HEADER.slice(0, -1).map((_, column) =>
    Math.max(12, ...table.map((row) => characters(row[column] ?? "") + 3)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - characters(cell))))
      .join("");
  return table.map((row) => `${line(row)}\n`).join("");
}

/** Of UTF-8: bytes that do not continue a character. */
function characters(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) if ((text.charCodeAt(at) & 0xc0) !== 0x80) count++;
  return count;
}
