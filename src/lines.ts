// The files of the kernel, of which many have a line for each entry.

/** Those that are not empty: the last one ends with a newline too. None of a file that is not there. */
export function lines(text = ""): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}
