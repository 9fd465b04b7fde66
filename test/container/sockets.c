// What listens outside of a container:
//
//   sockets pidfd SOCKET    takes one message with one pidfd, and prints `text TEXT pid PID`
//   sockets notify SOCKET   a service manager: prints each message, and `+ N` where N descriptors came along, which it closes
//
// Both print `listening` first. A SOCKET that begins with @ is abstract.

#define _GNU_SOURCE
#include <stddef.h>
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

static int bind_at(const char *path, int type) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
  if (*path == '@') address.sun_path[0] = '\0';
  int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  check(bind(fd, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + strlen(path)) != 0, "bind");
  return fd;
}

static char payload[4096];

// The number of descriptors, the last of which is in *last.
static int receive(int fd, int *last) {
  char control[256];
  struct iovec data = {payload, sizeof(payload) - 1};
  struct msghdr message = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
  ssize_t length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
  check(length < 0, "recvmsg");
  payload[length] = '\0';
  struct cmsghdr *c = CMSG_FIRSTHDR(&message);
  if (c == NULL) return 0;
  memcpy(last, CMSG_DATA(c), sizeof(int));
  return (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
}

static void print_pid(int pidfd) {
  char path[64], line[256];
  snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
  FILE *info = fopen(path, "r");
  check(info == NULL, path);
  while (fgets(line, sizeof(line), info) != NULL)
    if (strncmp(line, "Pid:", 4) == 0) printf("pid %d\n", atoi(line + 4));
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int fd = bind_at(argv[2], strcmp(argv[1], "pidfd") == 0 ? SOCK_STREAM : SOCK_DGRAM);
  int last = -1;
  setlinebuf(stdout);
  if (strcmp(argv[1], "pidfd") == 0) {
    check(listen(fd, 1) != 0, "listen");
    puts("listening");
    int count = receive(accept(fd, NULL, NULL), &last);
    printf("text %s fds %d ", payload, count);
    print_pid(last);
    return 0;
  }
  puts("listening");
  for (;;) {
    int count = receive(fd, &last);
    printf("%s%s", payload, strchr(payload, '\n') == NULL ? "\n" : "");
    if (count > 0) {
      printf("+ %d\n", count);
      close(last);
    }
  }
}
