// One message in each of its three forms: a line for people, a line of the JSON log that engines parse, a line of
// the text log. It writes nothing itself.

import { describe, type ErrorRecord } from "../error.ts";
import { validJson } from "../utf8.ts";

/** The names of logrus, which containerd compares with. */
export type Level = "error" | "warning" | "debug";

export interface Entry {
  readonly level: Level;
  readonly record: ErrorRecord;
  /** RFC 3339. */
  readonly time: string;
}

type Fields = Readonly<Record<string, string | undefined>>;

/** What is in the log beside level, message and time. */
function details({ pointer, errno, hint }: ErrorRecord): Fields {
  return { pointer, errno, hint };
}

/** A line of valid JSON in valid UTF-8, whatever bytes the message has. Fields without a value are left out. */
export function jsonLine({ level, record, time }: Entry): string {
  const msg = describe(record);
  return `${validJson(JSON.stringify({ level, msg, time, ...details(record) }))}\n`;
}

/** `time="..." level=error msg="..."`, as logrus writes it. */
export function textLine({ level, record, time }: Entry): string {
  const extra = Object.entries(details(record)).filter(([, value]) => value !== undefined);
  const fields = extra.map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  return `time="${time}" level=${level} msg=${JSON.stringify(describe(record))}${fields.join("")}\n`;
}

/** For stderr: one line, and one more for the hint. conmon reads 8191 bytes of it, once. */
export function messageLines(level: Level, record: ErrorRecord): string {
  const prefix = level === "error" ? "runt: " : `runt: ${level}: `;
  const hint = record.hint === undefined ? "" : `hint: ${shortened(printable(record.hint), 2000)}\n`;
  return `${prefix}${shortened(printable(describe(record)), 6000)}\n${hint}`;
}

/** Without its middle, where it is too long: the words that engines look for are at the end. */
function shortened(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text.slice(0, limit / 2)} ... ${text.slice(5 - limit / 2)}`;
}

/** Bytes above ASCII may be part of a name in UTF-8; control characters could rewrite the terminal. */
function printable(text: string): string {
  let out = "";
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const control = code < 0x20 || code === 0x7f;
    out += control ? `\\x${code.toString(16).padStart(2, "0")}` : text.charAt(at);
  }
  return out;
}
