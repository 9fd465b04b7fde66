// Holds a hardware breakpoint of its own, which nothing meets. The kernel changes its scheduler's code for the first one that
// there is, and back for the last one, and an emulated machine with two processors does not survive that every time.

#include <err.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static long unused;

int main(void) {
  struct perf_event_attr attributes = {
      .type = PERF_TYPE_BREAKPOINT,
      .size = sizeof attributes,
      .bp_type = HW_BREAKPOINT_W,
      .bp_addr = (unsigned long)&unused,
      .bp_len = HW_BREAKPOINT_LEN_8,
      .exclude_kernel = 1,
      .exclude_hv = 1,
  };
  if (syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0) < 0) err(1, "perf_event_open");
  puts("held");
  fflush(stdout);
  pause();
}
