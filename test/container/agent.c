// A seccomp agent: takes one container process state from SOCKET, says what came, and answers notifications of mkdir(2)
// with ERRNO, and of all other calls with `go on`.
//
//   agent SOCKET ERRNO     prints `listening`, then `bytes B fds F more M`, then the state, then a line `call NUMBER` for
//                          each notification; M are the bytes that followed the state until the end of the connection

#define _GNU_SOURCE
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static void check(int failed, const char *what) {
  if (!failed) return;
  perror(what);
  exit(1);
}

static int receive(int connection) {
  static char payload[1 << 20];
  char control[256];
  struct iovec data = {payload, sizeof(payload) - 1};
  struct msghdr message = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
  ssize_t length = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
  check(length < 0, "recvmsg");
  int listener = -1, fds = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    fds += (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(&listener, CMSG_DATA(c), sizeof(int));
  }
  ssize_t all = length, more;
  // The runtime closes the connection: this ends.
  while ((more = read(connection, payload + all, sizeof(payload) - 1 - all)) > 0) all += more;
  printf("bytes %zd fds %d more %zd\n%s\n", length, fds, all - length, payload);
  fflush(stdout);
  return listener;
}

int main(int argc, char **argv) {
  check(argc != 3, "usage: agent SOCKET ERRNO");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, argv[1], sizeof(address.sun_path) - 1);
  int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  check(bind(server, (struct sockaddr *)&address, sizeof(address)) != 0, "bind");
  check(listen(server, 1) != 0, "listen");
  printf("listening\n");
  fflush(stdout);
  int connection = accept(server, NULL, NULL);
  check(connection < 0, "accept");
  int listener = receive(connection);
  check(listener < 0, "no listener");
  for (;;) {
    struct pollfd one = {listener, POLLIN, 0};
    check(poll(&one, 1, -1) < 0, "poll");
    // Nobody has the filter any more.
    if (one.revents & POLLHUP) return 0;
    struct seccomp_notif request;
    memset(&request, 0, sizeof(request));
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0) {
      check(errno != ENOENT && errno != EINTR, "SECCOMP_IOCTL_NOTIF_RECV");
      continue;
    }
    printf("call %d\n", request.data.nr);
    fflush(stdout);
    struct seccomp_notif_resp response = {.id = request.id};
    if (request.data.nr == SYS_mkdir) response.error = -atoi(argv[2]);
    else response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
  }
}
