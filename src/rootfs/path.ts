// Paths inside the container. They are cleaned as text only for what config.json says; what the image makes of them
// is the kernel's to resolve, inside the root.

import { isClean } from "../spec/paths.ts";

/** A path inside the container: absolute, without `.`, `..` and double slashes; `/` is the root itself. */
export type ContainerPath = string & { readonly kind: "container path" };

/** The lexical cleaning of Go's filepath.Clean, for a path that is taken relative to the container's root. */
export function containerPath(path: string): ContainerPath {
  if (isClean(path)) return path as ContainerPath;
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}` as ContainerPath;
}

export function components(path: ContainerPath): readonly string[] {
  return path === "/" ? [] : path.slice(1).split("/");
}

/** The path as openat2 takes it relative to the root's descriptor. */
export function relative(path: ContainerPath): string {
  return path === "/" ? "." : path.slice(1);
}

/** `/bundle/rootfs`: a path of the host, taken relative to the bundle where it is not absolute. */
export function hostPath(bundle: string, path: string): string {
  return path.startsWith("/") ? path : `${bundle}/${path}`;
}
