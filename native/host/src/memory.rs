//! memcpy(3) and its like, which the C library has for many processors, with numbers that its own start would find out. Programs
//! that live for milliseconds copy little; the processor's own instruction for it is good from some ten bytes on.

use std::arch::asm;
#[cfg(not(test))]
use std::arch::global_asm;
use std::ffi::{c_int, c_void};

use libc::wchar_t;

// The C library's own names; and names that it has in the same files as its own, so that these cannot be linked, too.
#[cfg(not(test))]
global_asm!(
    ".globl __mempcpy, __wmemset, __memmove_sse2_unaligned_erms, __memset_sse2_unaligned_erms",
    ".set __mempcpy, {mempcpy}",
    ".set __wmemset, {wmemset}",
    ".set __memmove_sse2_unaligned_erms, {memmove}",
    ".set __memset_sse2_unaligned_erms, {memset}",
    mempcpy = sym mempcpy,
    wmemset = sym wmemset,
    memmove = sym memmove,
    memset = sym memset,
);

/// Copies at most 32 bytes, all of which it reads first. What is longer is not copied.
#[inline(always)]
unsafe fn copy_few(to: *mut u8, from: *const u8, size: usize) -> bool {
    // Two words, which overlap, from both ends.
    macro_rules! ends {
        ($word:ty) => {{
            let last = size - size_of::<$word>();
            // SAFETY: as the caller promises, and `size` is not less than a word.
            unsafe {
                let words =
                    (from.cast::<$word>().read_unaligned(), from.add(last).cast::<$word>().read_unaligned());
                to.cast::<$word>().write_unaligned(words.0);
                to.add(last).cast::<$word>().write_unaligned(words.1);
            }
        }};
    }
    match size {
        0 => {}
        1 => ends!(u8),
        2..4 => ends!(u16),
        4..8 => ends!(u32),
        8..16 => ends!(u64),
        16..=32 => ends!(u128),
        _ => return false,
    }
    true
}

/// # Safety
/// As memcpy(3).
#[cfg_attr(not(test), unsafe(no_mangle))]
unsafe extern "C" fn memcpy(to: *mut c_void, from: *const c_void, size: usize) -> *mut c_void {
    // SAFETY: as the caller promises.
    unsafe {
        if !copy_few(to.cast(), from.cast(), size) {
            asm!("rep movsb", inout("rcx") size => _, inout("rdi") to => _, inout("rsi") from => _, options(nostack, preserves_flags));
        }
    }
    to
}

/// # Safety
/// As memmove(3).
#[cfg_attr(not(test), unsafe(no_mangle))]
unsafe extern "C" fn memmove(to: *mut c_void, from: *const c_void, size: usize) -> *mut c_void {
    // SAFETY: as the caller promises; backwards where the source is overwritten from its beginning on.
    unsafe {
        if (to as usize).wrapping_sub(from as usize) >= size {
            return memcpy(to, from, size);
        }
        if !copy_few(to.cast(), from.cast(), size) {
            let last = size - 1;
            asm!("std", "rep movsb", "cld", inout("rcx") size => _, inout("rdi") to.add(last) => _, inout("rsi") from.add(last) => _, options(nostack));
        }
    }
    to
}

/// # Safety
/// As memset(3).
#[cfg_attr(not(test), unsafe(no_mangle))]
unsafe extern "C" fn memset(to: *mut c_void, byte: c_int, size: usize) -> *mut c_void {
    // SAFETY: as the caller promises.
    unsafe {
        asm!("rep stosb", inout("rcx") size => _, inout("rdi") to => _, in("al") byte as u8, options(nostack, preserves_flags));
    }
    to
}

/// # Safety
/// As memcpy(3), whose end this returns.
#[cfg_attr(not(test), unsafe(no_mangle))]
unsafe extern "C" fn mempcpy(to: *mut c_void, from: *const c_void, size: usize) -> *mut c_void {
    // SAFETY: as the caller promises.
    unsafe { memcpy(to, from, size).add(size) }
}

/// # Safety
/// As wmemset(3).
#[cfg_attr(not(test), unsafe(no_mangle))]
unsafe extern "C" fn wmemset(to: *mut wchar_t, character: wchar_t, count: usize) -> *mut wchar_t {
    // SAFETY: as the caller promises.
    (0..count).for_each(|n| unsafe { *to.add(n) = character });
    to
}

#[cfg(test)]
mod tests;
