//! The stage: a freestanding executor for programs of system calls.
//!
//! It maps the program that it is given, runs one instruction after the other, and reports the first failure as
//! (instruction, errno). It owns no policy: what is called, with what, and which errno means what, is in the program.
#![no_std]
#![no_main]

mod arch;
mod interpreter;

use core::arch::global_asm;
use core::panic::PanicInfo;

use arch::syscall;
use interpreter::Program;

// The kernel enters with argc at the stack pointer, and argv above it; a function needs them as an argument.
#[cfg(target_arch = "x86_64")]
global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "mov rdi, rsp",
    "and rsp, -16",
    "call {run}",
    "ud2",
    run = sym run,
);

/// Arguments, decimal: the descriptor that holds the program; a pipe, from which a byte says that it is to be run, and
/// which ends without one when nobody is there any more; the flags of mmap(2) for the program.
///
/// # Safety
/// `stack` is what the kernel handed to `_start`: argc, then argc pointers to NUL-terminated strings.
unsafe extern "C" fn run(stack: *const usize) -> ! {
    // SAFETY: see above; argc is compared before the arguments are read.
    let [program, pipe, flags] = unsafe {
        if *stack < 4 {
            exit(127)
        }
        [2, 3, 4].map(|n| parse_decimal(*stack.add(n) as *const u8))
    };
    if !receives_go(pipe) {
        exit(127)
    }
    match Program::map(program, flags) {
        Some(program) => program.run(),
        None => exit(127),
    }
}

fn receives_go(pipe: u64) -> bool {
    const EINTR: i64 = 4;
    let mut byte = 0u8;
    loop {
        let count = syscall(arch::READ, [pipe, &raw mut byte as u64, 1, 0, 0, 0]);
        if count != -EINTR {
            syscall(arch::CLOSE, [pipe, 0, 0, 0, 0, 0]);
            return count == 1;
        }
    }
}

fn parse_decimal(text: *const u8) -> u64 {
    let mut value = 0;
    // SAFETY: `text` is NUL-terminated, and the loop ends there at the latest.
    unsafe {
        let mut next = text;
        while (*next).is_ascii_digit() {
            value = value * 10 + u64::from(*next - b'0');
            next = next.add(1);
        }
    }
    value
}

fn exit(code: u64) -> ! {
    loop {
        syscall(arch::EXIT_GROUP, [code, 0, 0, 0, 0, 0]);
    }
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    exit(127)
}
