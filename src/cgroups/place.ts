// What is remembered of a container's cgroup between two commands: where it is, and who has made it.

export interface CgroupPlace {
  /** Directory of the cgroup, on the host. Empty where the container has none. */
  readonly path: string;
  /** The topmost directory that was made for it. */
  readonly top: string;
  /** Absent where no systemd was asked for it. */
  readonly unit?: UnitPlace;
}

export interface UnitPlace {
  /** `docker-c1.scope` */
  readonly name: string;
  /** Which service manager has it. */
  readonly manager: "system" | "user";
}
