// What the build knows about itself. In unit tests, where there was no build, nothing.

declare const RUNT_VERSION: string | undefined;
declare const RUNT_COMMIT: string | undefined;

export const VERSION: string = typeof RUNT_VERSION === "string" ? RUNT_VERSION : "unknown";

/** Empty if it was not built from a checkout. */
export const COMMIT: string = typeof RUNT_COMMIT === "string" ? RUNT_COMMIT : "";

/** Of the runtime-spec: what `spec` writes, and the newest that is understood. */
export const SPEC_VERSION = "1.3.0";

/** `--version`. Docker searches for the word `version`, which must be in the first line only. */
export function versionText(libseccomp: string): string {
  const commit = COMMIT === "" ? "" : `commit: ${COMMIT}\n`;
  return `runt version ${VERSION}\n${commit}spec: ${SPEC_VERSION}\nlibseccomp: ${libseccomp}\n`;
}
