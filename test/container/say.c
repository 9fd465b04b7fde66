// In a container: sends each argument to NOTIFY_SOCKET as one message, and waits to be killed.

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, getenv("NOTIFY_SOCKET"), sizeof(address.sun_path) - 1);
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  for (int i = 1; i < argc; i++)
    if (sendto(fd, argv[i], strlen(argv[i]), 0, (struct sockaddr *)&address, sizeof(address)) < 0) return 1;
  for (;;) pause();
}
