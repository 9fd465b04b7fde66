// Socket activation, sd_listen_fds(3): how many descriptors systemd has passed to this very process.

/** 0 unless LISTEN_PID names us: the variables may be left over from an ancestor. */
export function activatedFds(fds: string | undefined, pid: string | undefined, self: number): number {
  if (fds === undefined || pid === undefined) return 0;
  if (!/^[0-9]{1,9}$/.test(fds) || !/^[0-9]{1,9}$/.test(pid)) return 0;
  return Number(pid) === self ? Number(fds) : 0;
}
