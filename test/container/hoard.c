// hoard: as many descriptors on their way between two sockets as 100 messages can have, until it is killed.

#include <err.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0) err(1, "socketpair");
  char byte = 0, control[CMSG_SPACE(20 * sizeof(int))] = {0};
  struct iovec vector = {&byte, 1};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(20 * sizeof(int));
  for (int n = 0; n < 20; n++) memcpy(CMSG_DATA(header) + n * sizeof(int), &pair[0], sizeof(int));
  for (int n = 0; n < 100; n++) {
    if (sendmsg(pair[0], &message, MSG_DONTWAIT) < 0) break;
  }
  if (write(1, "full\n", 5) != 5) return 1;
  pause();
}
