// What crictl does, which Debian has no package of, as a server for scripts, since to start a program takes long in the
// machine: `POST /METHOD/PATH` with the request as JSON answers with a status of 0 or 1 on the first line, and below it
// the answer, or what is at PATH in it, or the error. The methods `exec` and `attach` give the program the `input` of
// the request, and answer with its streams.

import { createServer } from "node:http";
import { call } from "./grpc.ts";
import type { Message } from "./protobuf.ts";
import type { Method } from "./schema.ts";
import { streamed } from "./stream.ts";

const [port = ""] = process.argv.slice(2);

createServer((request, response) => {
  let body = "";
  request.on("data", (data: Buffer) => {
    body += data;
  });
  request.on("end", async () => {
    const [, method = "", path = ""] = (request.url ?? "").split("/");
    const answer = await answerTo(method, path, body).then(
      (text) => `0\n${text}`,
      (error: Error) => `1\n${error.message}`,
    );
    response.end(answer.endsWith("\n") ? answer : `${answer}\n`);
  });
}).listen(Number(port), "127.0.0.1");

async function answerTo(method: string, path: string, body: string): Promise<string> {
  const { input = "", ...request } = JSON.parse(body) as Message;
  if (method === "exec") return await interactive("Exec", request, String(input));
  if (method === "attach") return await interactive("Attach", request, String(input));
  return at(path, await call(method as Method, request));
}

/** Fields with the value that stands for none are not sent: numbers are 0. */
function at(path: string, answer: Message): string {
  let value: unknown = answer;
  for (const name of path.split(".").filter((part) => part !== "")) {
    value = (value as Message | undefined)?.[name];
  }
  return typeof value === "string" ? value : JSON.stringify(value ?? 0);
}

async function interactive(method: "Exec" | "Attach", request: Message, input: string): Promise<string> {
  const { url } = await call(method, request);
  const { stdout, stderr, status } = await streamed(String(url), input);
  return stdout + stderr + status;
}
