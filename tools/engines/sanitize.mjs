// A config.json of an engine as test data: the same wherever and whenever it was written.

const ID = /[0-9a-f]{64}/g;

/**
 * @param {string} text JSON
 * @returns {string} the same without names that were made up, indented
 */
export function sanitized(text) {
  /** @type {Map<string, string>} */
  const ids = new Map();
  const numbered = text.replaceAll(ID, (id) => {
    if (!ids.has(id)) ids.set(id, String(ids.size + 1).padStart(64, "0"));
    return ids.get(id) ?? "";
  });
  const named = numbered
    .replaceAll(/\/(netns|cni)-[0-9a-f-]{36}/g, "/$1-0")
    .replaceAll(/\/proc\/\d+\//g, "/proc/1/")
    .replaceAll(/\b(case-|buildah)[A-Za-z0-9]+/g, "$10")
    // The hostname of an engine is the beginning of an id.
    .replaceAll(/\b[0-9a-f]{12}\b(?=["\\])/g, "000000000000");
  // Limits of 64 bits are larger than what a number of JavaScript can be.
  const config = JSON.parse(named.replaceAll(/([:[,]\s*)(\d{17,})(?=\s*[,}\]])/g, '$1"@$2"'));
  // Where the layers of an image are put together.
  config.root.path = "rootfs";
  return `${JSON.stringify(config, null, 2).replaceAll(/"@(\d+)"/g, "$1")}\n`;
}
