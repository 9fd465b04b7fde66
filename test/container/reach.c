// reach PID: what another process of the container can take hold of. One line for each way that is open.

#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static void tell(const char *way, long result) {
  if (result >= 0) printf("%s\n", way);
  else if (errno != EPERM && errno != EACCES) perror(way);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  pid_t pid = atoi(argv[1]);
  char byte;
  struct iovec own = {&byte, 1}, its = {(void *)0x400000, 1};
  tell("process_vm_readv", process_vm_readv(pid, &own, 1, &its, 1, 0));
  int pidfd = syscall(SYS_pidfd_open, pid, 0);
  for (int fd = 0; fd < 10; fd++) {
    long copy = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
    if (copy >= 0 || (errno != EBADF)) tell("pidfd_getfd", copy);
  }
  tell("ptrace", ptrace(PTRACE_SEIZE, pid, 0, 0));
  return 0;
}
