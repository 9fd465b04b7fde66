// One system call, and what became of it: `probe NUMBER [ARGUMENT]...` prints the errno, 0 where it succeeded. With
// `i386` before the number it is made as a program of 32 bits makes it. With several, `probe each NUMBER...`, one line each.
// Without a C library, it needs no other calls than write and exit_group.

static long call(long number, const unsigned long *a) {
  register long r10 __asm__("r10") = a[3];
  register long r8 __asm__("r8") = a[4];
  register long r9 __asm__("r9") = a[5];
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

static long as_i386(long number) {
  long result;
  // What the call gets as arguments is not of interest, but they must not be addresses.
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(-1), "c"(0), "d"(0), "S"(0), "D"(0) : "memory", "r8", "r9", "r10", "r11");
  return result;
}

static long errno_of(long result) { return result < 0 && result >= -4095 ? -result : 0; }

static int is(const char *text, const char *word) {
  while (*text != 0 && *text == *word) text++, word++;
  return *text == *word;
}

/** Decimal, or hexadecimal after 0x. */
static unsigned long number(const char *text) {
  unsigned long value = 0, base = 10;
  if (text[0] == '0' && text[1] == 'x') base = 16, text += 2;
  for (; *text != 0; text++) value = value * base + (*text <= '9' ? *text - '0' : (*text | 32) - 'a' + 10);
  return value;
}

static void print(long value) {
  char text[24];
  char *start = text + sizeof(text);
  *--start = '\n';
  do *--start = '0' + value % 10;
  while ((value /= 10) != 0);
  const unsigned long arguments[6] = {1, (unsigned long)start, text + sizeof(text) - start};
  call(1, arguments);
}

__attribute__((used)) static void run(long *stack) {
  int argc = (int)stack[0];
  char **argv = (char **)(stack + 1);
  unsigned long arguments[6] = {0};
  if (argc > 2 && is(argv[1], "i386")) {
    print(errno_of((int)as_i386(number(argv[2]))));
  } else if (argc > 2 && is(argv[1], "each")) {
    // Descriptors and addresses that are none.
    for (int i = 0; i < 6; i++) arguments[i] = -1;
    for (int i = 2; i < argc; i++) print(errno_of(call(number(argv[i]), arguments)));
  } else if (argc > 1) {
    for (int i = 2; i < argc && i < 8; i++) arguments[i - 2] = number(argv[i]);
    print(errno_of(call(number(argv[1]), arguments)));
  }
  const unsigned long status[6] = {0};
  call(231, status);
}

__asm__(".globl _start\n_start: mov %rsp, %rdi\nand $-16, %rsp\ncall run");
