//! One system call, and the few numbers that the stage itself needs.

#[cfg(not(target_arch = "x86_64"))]
compile_error!("the stage knows the system call convention of x86_64 only");

pub const WRITE: u64 = 1;
pub const READ: u64 = 0;
pub const CLOSE: u64 = 3;
pub const LSEEK: u64 = 8;
pub const MMAP: u64 = 9;
pub const EXIT_GROUP: u64 = 231;

/// The kernel's answer: a value, or -errno in -4095..=-1.
pub fn syscall(number: u64, arguments: [u64; 6]) -> i64 {
    let result;
    // SAFETY: the clobbers are those of the kernel's calling convention. What the call does to memory is the
    // business of the program, whose only memory is its own mapping.
    unsafe {
        core::arch::asm!(
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
