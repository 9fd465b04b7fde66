// The directories of a checkpoint: image files, and the log that says why CRIU has failed.

import { O_DIRECTORY, O_RDONLY } from "../abi/constants.ts";
import { errorsIn, hintFor } from "../criu/log.ts";
import type { Response } from "../criu/messages.ts";
import { RuntError } from "../error.ts";
import { attempt, type Fd } from "../kernel/call.ts";
import {
  close,
  makeDirectories,
  open,
  openIfExists,
  pathOf,
  readAll,
  statPath,
  using,
} from "../kernel/file.ts";
import type { StringMap } from "../spec/types.ts";

export interface CriuFiles {
  readonly images: Fd;
  /** For the log. */
  readonly work: Fd;
}

/** What the standard streams were, as runc writes it: those of `restore` take the places of pipes. */
export const DESCRIPTORS = "descriptors.json";

/** Others may pass, as CRIU does in a user namespace of the container's; what is in the files is for nobody else. */
const MODE = 0o711;

/** @param make where they are missing, as for a checkpoint */
export function openFiles(imagePath: string, workPath: string | undefined, make: boolean): CriuFiles {
  const images = openDirectory("--image-path", imagePath, make);
  return { images, work: workPath ? openDirectory("--work-path", workPath, true) : images };
}

export function closeFiles({ images, work }: CriuFiles): void {
  close(work);
  if (work !== images) close(images);
}

function openDirectory(option: string, path: string, make: boolean): Fd {
  const what = `open the directory ${path} of ${option}`;
  if (make) makeDirectories(path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path, MODE, { what });
  return open(path, O_RDONLY | O_DIRECTORY, { context: { what } });
}

const SEEK_END = 2;
/** Bytes of the log that are looked at: most of it is what went well. */
const END = 128 << 10;

/** In the words of runc, whose first line engines show. */
export function criuError(
  action: string,
  { errno, message }: Response,
  { work }: CriuFiles,
  logFile: string,
): RuntError {
  const fd = openIfExists(logFile, O_RDONLY, work);
  const log = fd === undefined ? "" : using(fd, () => readEnd(fd, logFile));
  const found = errorsIn(log);
  const errors = found.length > 0 ? found : errorsIn(message);
  const hint = hintFor(errors);
  return new RuntError({
    what: `criu failed: type ${action} errno ${errno}, log file: ${pathOf(work)}/${logFile}`,
    why: errors.join("; "),
    ...(hint && { hint }),
  });
}

function readEnd(fd: Fd, name: string): string {
  // A shorter file is refused, and read from its start.
  attempt("lseek", fd, -END, SEEK_END);
  return readAll(fd, name, END);
}

const CONFIG_ANNOTATION = "org.criu.config";
const CONFIG_FILES = ["/etc/criu/runt.conf", "/etc/criu/runc.conf"];

/** The file that changes what CRIU is asked, as in runc; an empty annotation is for none. */
export function configFile(annotations: StringMap<string> = {}): string | undefined {
  const given = annotations[CONFIG_ANNOTATION];
  if (given !== undefined) return given === "" ? undefined : given;
  return CONFIG_FILES.find((path) => typeof statPath(path) !== "number");
}
