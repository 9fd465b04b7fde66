// The other end of a console socket, as an engine is: listens on SOCKET, takes one message, says what it was, and then
// copies what the terminal says to stdout. Bytes of stdin go to the terminal.
//
//   recvtty SOCKET     prints `listening`, then `bytes B fds F controls C`, then the terminal's output

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void check(int failed, const char *what) {
  if (!failed) return;
  perror(what);
  exit(1);
}

// A path may be longer than sun_path: its directory is entered then.
static int listen_at(char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char *slash = strrchr(path, '/');
  if (slash != NULL) {
    *slash = '\0';
    check(chdir(path) != 0, path);
    path = slash + 1;
  }
  strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  check(bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0, "bind");
  check(listen(fd, 1) != 0, "listen");
  return fd;
}

static int receive(int connection) {
  char payload[4096], control[256];
  struct iovec data = {payload, sizeof(payload)};
  struct msghdr message = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
  ssize_t length = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
  check(length < 0, "recvmsg");
  int terminal = -1, fds = 0, controls = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
    controls++;
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    fds += (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(&terminal, CMSG_DATA(c), sizeof(int));
  }
  printf("bytes %zd fds %d controls %d\n", length, fds, controls);
  fflush(stdout);
  return terminal;
}

static ssize_t copy(int from, int to) {
  char buffer[4096];
  ssize_t length = read(from, buffer, sizeof(buffer));
  if (length > 0) check(write(to, buffer, length) != length, "write");
  return length;
}

int main(int argc, char **argv) {
  check(argc != 2, "usage: recvtty SOCKET");
  int listener = listen_at(argv[1]);
  printf("listening\n");
  fflush(stdout);
  int connection = accept(listener, NULL, NULL);
  check(connection < 0, "accept");
  int terminal = receive(connection);
  check(terminal < 0, "no terminal");
  struct pollfd both[] = {{terminal, POLLIN, 0}, {0, POLLIN, 0}};
  for (;;) {
    check(poll(both, 2, -1) < 0, "poll");
    // The last close of the other side is EIO.
    if (both[0].revents != 0 && copy(terminal, 1) <= 0) return 0;
    if (both[1].revents != 0 && copy(0, terminal) <= 0) both[1].fd = -1;
  }
}
