// One call of gRPC: a message of its length and bytes goes to the socket by HTTP/2, and one comes back.

import { connect } from "node:http2";
import { connect as socket } from "node:net";
import { decode, encode, type Message } from "./protobuf.ts";
import { METHODS, type Method } from "./schema.ts";

const SOCKET = "/run/containerd/containerd.sock";
const PREFIX = 5;

export function call(method: Method, request: Message): Promise<Message> {
  const [asked, answered] = METHODS[method];
  const session = connect("http://localhost", { createConnection: () => socket(SOCKET) });
  const stream = session.request({
    ":method": "POST",
    ":path": `/runtime.v1.RuntimeService/${method}`,
    "content-type": "application/grpc",
    te: "trailers",
  });
  const message = encode(asked, request);
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(message.length, 1);
  stream.end(Buffer.concat([prefix, message]));
  const chunks: Buffer[] = [];
  let status: Message = {};
  return new Promise((resolve, reject) => {
    session.on("error", reject);
    stream.on("error", reject);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    // An error that comes without a message is in the headers.
    stream.on("response", (headers) => {
      if (headers["grpc-status"] !== undefined) status = headers as Message;
    });
    stream.on("trailers", (trailers) => {
      status = trailers as Message;
    });
    stream.on("end", () => {
      session.close();
      if (status["grpc-status"] === "0") resolve(decode(answered, Buffer.concat(chunks).subarray(PREFIX)));
      else reject(new Error(decodeURIComponent(String(status["grpc-message"] ?? "no status"))));
    });
  });
}
