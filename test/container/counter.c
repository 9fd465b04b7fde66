// Counts in /count, and holds on to something meanwhile: `lock` to a lock of /locked, `tcp` to a connection, through
// which each number goes before it is counted. `keyring NAME COMMAND` executes a command with a new session keyring.

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void lock(void) {
  int fd = open("/locked", O_RDWR | O_CREAT, 0644);
  if (fd < 0 || flock(fd, LOCK_EX) < 0) err(1, "lock");
}

static void connect_both(int ends[2]) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  ends[0] = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (void *)&address, size) < 0 || listen(listener, 1) < 0) err(1, "listen");
  if (getsockname(listener, (void *)&address, &size) < 0) err(1, "getsockname");
  if (connect(ends[0], (void *)&address, size) < 0) err(1, "connect");
  ends[1] = accept(listener, NULL, NULL);
  if (ends[1] < 0) err(1, "accept");
  close(listener);
}

static void count(int number) {
  FILE *file = fopen("/new", "w");
  if (file == NULL) err(1, "/new");
  fprintf(file, "%d\n", number);
  fclose(file);
  if (rename("/new", "/count") < 0) err(1, "rename");
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  int ends[2] = {-1, -1};
  if (argc > 3 && strcmp(what, "keyring") == 0) {
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, argv[2]) < 0) err(1, "keyctl");
    execv(argv[3], argv + 3);
    err(1, "%s", argv[3]);
  }
  if (strcmp(what, "lock") == 0) lock();
  if (strcmp(what, "tcp") == 0) connect_both(ends);
  for (int number = 1;; number++) {
    int arrived = number;
    if (ends[0] >= 0) {
      if (write(ends[0], &number, sizeof number) != sizeof number) err(1, "write");
      if (read(ends[1], &arrived, sizeof arrived) != sizeof arrived) err(1, "read");
    }
    count(arrived);
    usleep(10000);
  }
}
