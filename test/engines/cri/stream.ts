// A program whose streams come over a WebSocket, as `kubectl exec` has them: frames whose first byte is the number of a
// channel (v4.channel.k8s.io: standard input, output and error, and the status as JSON).

import { randomBytes } from "node:crypto";
import { request } from "node:http";
import type { Duplex } from "node:stream";

const OUTPUT = 1;
const ERRORS = 2;
const STATUS = 3;
const BINARY = 0x82;
const CLOSE = 8;

export interface Streamed {
  readonly stdout: string;
  readonly stderr: string;
  /** JSON of a Status of Kubernetes. */
  readonly status: string;
}

/** @param input is sent at once; nothing ends it, since this version of the protocol cannot say so */
export async function streamed(url: string, input: string): Promise<Streamed> {
  const { socket, head } = await upgraded(url);
  if (input !== "") socket.write(frame(Buffer.from(`\0${input}`)));
  const channels = ["", "", "", ""];
  let bytes = head;
  return new Promise((resolve, reject) => {
    const take = (more: Buffer) => {
      bytes = Buffer.concat([bytes, more]);
      for (let taken = next(bytes); taken !== undefined; taken = next(bytes)) {
        bytes = taken.rest;
        const channel = taken.payload[0];
        if (taken.opcode !== CLOSE && channel !== undefined)
          channels[channel] += taken.payload.subarray(1).toString();
        if (taken.opcode === CLOSE) socket.end();
      }
    };
    socket.on("data", take);
    socket.on("error", reject);
    socket.on("close", () => {
      const [stdout = "", stderr = "", status = ""] = [OUTPUT, ERRORS, STATUS].map((at) => channels[at]);
      resolve({ stdout, stderr, status });
    });
    take(Buffer.alloc(0));
  });
}

function upgraded(url: string): Promise<{ socket: Duplex; head: Buffer }> {
  const headers = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": randomBytes(16).toString("base64"),
    "sec-websocket-protocol": "v4.channel.k8s.io",
  };
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers });
    asked.on("upgrade", (_, socket, head) => resolve({ socket, head }));
    asked.on("response", ({ statusCode }) => reject(new Error(`${url}: status ${statusCode}`)));
    asked.on("error", reject);
    asked.end();
  });
}

/** Frames of a client are masked. */
function frame(payload: Buffer): Buffer {
  const mask = randomBytes(4);
  const masked = payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0));
  return Buffer.concat([Buffer.from([BINARY, 0x80 | payload.length]), mask, masked]);
}

/** The first whole frame of a server, if there is one. */
function next(bytes: Buffer): { opcode: number; payload: Buffer; rest: Buffer } | undefined {
  if (bytes.length < 2) return undefined;
  const [first = 0, short = 0] = bytes;
  const wide = short === 127 ? 8 : short === 126 ? 2 : 0;
  if (bytes.length < 2 + wide) return undefined;
  const length = wide === 0 ? short : bytes.readUIntBE(2 + (wide === 8 ? 2 : 0), wide === 8 ? 6 : 2);
  const end = 2 + wide + length;
  if (bytes.length < end) return undefined;
  return { opcode: first & 15, payload: bytes.subarray(2 + wide, end), rest: bytes.subarray(end) };
}
