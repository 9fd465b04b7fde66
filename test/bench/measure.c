// Runs commands one after the other, and prints a line for each: elapsed nanoseconds, peak memory in KiB, wait status.
//
//   measure COMMAND ARGUMENT... [-- COMMAND ARGUMENT...]...
//
// The command `@wait FILE` waits for the end of the process whose pid is in FILE, as an engine does: this process is
// the subreaper that a container falls to when its runtime has ended. posix_spawn makes the start of a command cost
// the same whatever it is; linked statically, this program is smaller than anything that it measures.

#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static void fail(const char *what) {
  perror(what);
  exit(125);
}

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static pid_t read_pid(const char *path) {
  FILE *file = fopen(path, "r");
  int pid;
  if (file == NULL || fscanf(file, "%d", &pid) != 1) fail(path);
  fclose(file);
  return pid;
}

static pid_t start(char **command, const posix_spawn_file_actions_t *output) {
  if (strcmp(command[0], "@wait") == 0) return read_pid(command[1]);
  pid_t pid;
  if (posix_spawnp(&pid, command[0], output, NULL, command, environ) != 0) fail(command[0]);
  return pid;
}

static int measure(char **command, const posix_spawn_file_actions_t *output) {
  struct rusage usage;
  int status;
  long long begin = now();
  pid_t pid = start(command, output);
  if (wait4(pid, &status, 0, &usage) != pid) fail("wait4");
  printf("%lld %ld %d\n", now() - begin, usage.ru_maxrss, status);
  return status;
}

int main(int argc, char **argv) {
  posix_spawn_file_actions_t output;
  posix_spawn_file_actions_init(&output);
  posix_spawn_file_actions_addopen(&output, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&output, 1, "/dev/null", O_WRONLY, 0);
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) fail("prctl");
  for (int first = 1, i = 1; i <= argc; i++) {
    if (i < argc && strcmp(argv[i], "--") != 0) continue;
    argv[i] = NULL;
    if (i > first && measure(argv + first, &output) != 0) return 1;
    first = i + 1;
  }
  return 0;
}
