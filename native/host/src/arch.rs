//! What only the architecture can say: a system call, and a clone3 whose child continues on a stack of its own.

#[cfg(not(target_arch = "x86_64"))]
compile_error!("the host knows the system call convention of x86_64 only");

use std::arch::asm;
use std::ffi::c_void;

/// The kernel's answer: a value, or -errno in -4095..=-1.
pub fn syscall(number: u64, arguments: [u64; 6]) -> i64 {
    let result;
    // SAFETY: the clobbers are those of the kernel's calling convention; what the call does to memory is the
    // responsibility of the TypeScript that asked for it.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") arguments[0],
            in("rsi") arguments[1],
            in("rdx") arguments[2],
            in("r10") arguments[3],
            in("r8") arguments[4],
            in("r9") arguments[5],
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// clone3 with CLONE_VM: the child runs `start(argument)` on the stack that `clone_args` names.
///
/// # Safety
/// `clone_args` is a `struct clone_args` of `size` bytes with a stack that nobody else uses until the child has
/// exec'd or exited, and `argument` lives as long.
pub unsafe fn clone3(
    clone_args: *const u8,
    size: usize,
    start: unsafe extern "C" fn(*const c_void) -> !,
    argument: *const c_void,
) -> i64 {
    let result;
    // SAFETY: the parent returns with its own stack; the child enters `start` with the new one, aligned by the call,
    // and never returns.
    unsafe {
        asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r8",
            "call r9",
            "ud2",
            "2:",
            inlateout("rax") libc::SYS_clone3 => result,
            in("rdi") clone_args,
            in("rsi") size,
            in("r8") argument,
            in("r9") start,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    result
}
