// At build time: the commands that engines call all the time, once each, for a container in the working directory. It
// shows which memory they take (src/hot_pages.ts). Where the build may not make containers they fail, when most is done.

import { O_CREAT, O_RDWR, O_TRUNC } from "./abi/constants.ts";
import { specTemplate } from "./cli/spec_template.ts";
import { attempt, call } from "./kernel/call.ts";
import { open, using, writeAll } from "./kernel/file.ts";

/** `tools/build.mjs` has put a program there. */
const PROGRAM = "/program";
/** Several times as many as there are chains of names. */
const STRANGERS = 50_000;
const COMMANDS = (id: string) => [
  ["create", id],
  ["state", id],
  ["exec", id, PROGRAM],
  ["start", id],
  ["delete", "--force", id],
  ["run", id],
];

export function rehearsals(command: (args: readonly string[]) => Promise<number>) {
  const pid = attempt("getpid");
  const commands = bundles().flatMap((config, index) =>
    COMMANDS(`runt-build-${pid}-${index}`).map((words) => async () => {
      const nowhere = open("/dev/null", O_RDWR);
      // Engines read what a command has to complain of.
      const complaints = index === 0 ? nowhere : open("complaints", O_RDWR | O_CREAT, { mode: 0o600 });
      [nowhere, nowhere, complaints].forEach((from, to) => {
        call("silence the rehearsal", "dup3", from, to, 0);
      });
      using(open("config.json", O_RDWR | O_CREAT | O_TRUNC), (file) => {
        writeAll(file, config, "write config.json");
      });
      await command(["--root", "state", ...words]);
    }),
  );
  return [...commands, meetStrangers];
}

/** Names that the engine compares with those it knows: which ones it looks at for that depends on a container's names. */
async function meetStrangers(): Promise<void> {
  for (let n = 0; n < STRANGERS; n++) JSON.parse(`{"stranger ${n}":0}`);
}

/** As `spec` writes it, and as older tools do. */
function bundles(): readonly string[] {
  const [uid, gid] = [attempt("geteuid"), attempt("getegid")];
  const template = specTemplate(uid === 0 ? undefined : { uid, gid });
  const config = { ...template, process: { ...template.process, terminal: false, args: [PROGRAM] } };
  const { bounding } = template.process.capabilities;
  const process = {
    ...config.process,
    capabilities: { ...template.process.capabilities, ambient: bounding },
  };
  const linux = { ...template.linux, resources: undefined };
  return [config, { ...config, ociVersion: "1.0.2-dev", process, linux }].map((one) => JSON.stringify(one));
}
