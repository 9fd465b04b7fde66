// Bundles of an ordinary user.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { bundle, type Container, runtime, writeConfig } from "../../container/bed.ts";
import type { Config } from "../../container/config.ts";

/** What `spec --rootless` writes, changed. */
export function rootless(edit: (config: Config) => void): Container {
  const container = bundle();
  fs.rmSync(join(container.dir, "config.json"));
  execFileSync(runtime, ["spec", "--rootless"], { cwd: container.dir });
  const config = JSON.parse(fs.readFileSync(join(container.dir, "config.json"), "utf8")) as Config;
  config.process.terminal = false;
  config.process.args = ["sleep", "1000"];
  edit(config);
  writeConfig(container, config);
  return container;
}
