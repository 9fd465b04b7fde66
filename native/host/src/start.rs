//! How a process begins that has an engine. The C library would ask the processor about itself some eighty times, and each
//! question is a trap where the machine is a virtual one: 0.3 ms, as long as `state` computes. The engine needs none of it.

use std::arch::{asm, global_asm};
use std::ffi::{c_char, c_void};

use libc::{Elf64_Rela, PT_GNU_RELRO, getauxval};

use crate::arena;

// Without an engine this is the build, which the C library starts.
global_asm!(
    ".globl start",
    "start:",
    "mov rbx, rsp",
    "mov rdi, rsp",
    "and rsp, -16",
    "call {begin}",
    "mov rsp, rbx",
    "xor edx, edx",
    "jmp _start",
    begin = sym begin,
);

unsafe extern "C" {
    /// Of the linker: where the functions go that exist for several processors, and who chooses one.
    static __rela_iplt_start: Elf64_Rela;
    static __rela_iplt_end: Elf64_Rela;
    static mut environ: *const *const c_char;
    // What the library's own start calls, too.
    fn _dl_aux_init(auxiliary: *const c_void);
    fn __libc_setup_tls();
    fn __ctype_init();
}

/// Returns if there is no engine.
///
/// # Safety
/// `stack` is where the kernel has put the arguments, and nothing has run before.
unsafe extern "C" fn begin(stack: *const usize) {
    // SAFETY: as the caller promises: strings, null, the environment, null, the auxiliary vector (psABI, 3.4.1).
    unsafe {
        let argv = stack.add(1).cast::<*const c_char>();
        let environment = argv.add(*stack + 1);
        let length = (0..).find(|&n| (*environment.add(n)).is_null()).unwrap_or_default();
        _dl_aux_init(environment.add(length + 1).cast());
        let headers = getauxval(libc::AT_PHDR) as *const libc::Elf64_Phdr;
        let segments = std::slice::from_raw_parts(headers, getauxval(libc::AT_PHNUM) as usize);
        if !arena::is_mapped(segments) {
            return;
        }
        let mut function = &raw const __rela_iplt_start;
        while function < &raw const __rela_iplt_end {
            let choose = std::mem::transmute::<i64, extern "C" fn() -> usize>((*function).r_addend);
            *((*function).r_offset as *mut usize) = choose();
            function = function.add(1);
        }
        __libc_setup_tls();
        // What protects return addresses; the byte that ends strings is not in it.
        let canary = *(getauxval(libc::AT_RANDOM) as *const u64) & !0xff;
        asm!("mov fs:[0x28], {}", in(reg) canary);
        for segment in segments.iter().filter(|segment| segment.p_type == PT_GNU_RELRO) {
            // The end is that of a page; what is before the beginning is no data.
            let begin = segment.p_vaddr & !0xfff;
            let size = segment.p_vaddr - begin + segment.p_memsz;
            assert_eq!(libc::mprotect(begin as *mut _, size as usize, libc::PROT_READ), 0);
        }
        environ = environment;
        __ctype_init();
        crate::run(argv, environment)
    }
}
