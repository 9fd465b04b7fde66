//! The memory of the engine: at one fixed address, so that a build can write it to a file with everything that was
//! loaded into it, and the kernel maps that file when the program starts.
//!
//! It is meant for programs that live for milliseconds: what is freed is kept for requests of the same class.

use std::alloc::{GlobalAlloc, Layout};
use std::ptr::null_mut;

/// Far from the executable below it and from what mmap(2) hands out above it.
pub const BASE: usize = 0x1000_0000_0000;
/// Reserved, not used: the kernel gives a page when it is touched. tools/build.mjs says the same of the executable.
const SIZE: usize = 16 << 20;
const ALIGNMENT: usize = 16;
/// Classes of 16 bytes each up to this size, and four for each power of two beyond.
const SMALL: usize = 1024;
const CLASSES: usize = SMALL / ALIGNMENT + 4 * 32;

/// At the beginning of the arena, so that it is part of what is written to the file.
#[repr(C)]
struct Header {
    next: usize,
    end: usize,
    /// What `set_root` was given.
    root: *const (),
    free: [*mut Block; CLASSES],
}

struct Block {
    next: *mut Block,
}

struct Arena;

#[cfg_attr(not(test), global_allocator)]
static ARENA: Arena = Arena;

fn header() -> *mut Header {
    BASE as *mut Header
}

/// False if something else is at the address.
fn map(address: usize, size: usize) -> bool {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
    // SAFETY: the kernel refuses an address where something is.
    unsafe { libc::mmap(address as *mut _, size, protection, flags, -1, 0) as usize == address }
}

/// Maps an empty arena; a program without one cannot allocate. False if the address is not free.
pub fn create() -> bool {
    if !map(BASE, SIZE) {
        return false;
    }
    // SAFETY: zeros are a header with nothing to free and no root.
    unsafe {
        (*header()).next = BASE + size_of::<Header>().next_multiple_of(ALIGNMENT);
        (*header()).end = BASE + SIZE;
    }
    true
}

/// True if the kernel has mapped an arena with the executable: one of its segments begins at `BASE`.
pub fn is_mapped() -> bool {
    // SAFETY: the auxiliary vector describes the program headers of this executable.
    let headers = unsafe {
        let first = libc::getauxval(libc::AT_PHDR) as *const libc::Elf64_Phdr;
        std::slice::from_raw_parts(first, libc::getauxval(libc::AT_PHNUM) as usize)
    };
    headers.iter().any(|segment| segment.p_type == libc::PT_LOAD && segment.p_vaddr == BASE as u64)
}

/// Has the kernel make private copies of pages that a program will write to, which costs less than page faults. `runs` are
/// pairs: the first page, counted from the beginning of the arena, and a number of pages.
pub fn populate(runs: &[[u32; 2]]) {
    const MADV_POPULATE_WRITE: i32 = 23;
    const PAGE: usize = 4096;
    for [first, count] in runs {
        let (start, size) = (BASE + *first as usize * PAGE, *count as usize * PAGE);
        // SAFETY: the arena is mapped; a kernel that does not know the advice (before 5.14) faults page by page.
        unsafe { libc::madvise(start as *mut _, size, MADV_POPULATE_WRITE) };
    }
}

/// The object that a program finds when it starts with this arena.
pub fn set_root<T>(root: &'static T) {
    // SAFETY: the arena exists, since `root` is in it.
    unsafe { (*header()).root = (&raw const *root).cast() };
}

/// # Safety
/// The arena was mapped with the executable, and `T` is what `set_root` was given when it was written.
pub unsafe fn root<T>() -> &'static T {
    // SAFETY: see above; nothing in the arena is ever unmapped.
    unsafe { &*(*header()).root.cast() }
}

/// All that is in use, for the file.
pub fn contents() -> &'static [u8] {
    // SAFETY: the arena is mapped up to `next`.
    unsafe { std::slice::from_raw_parts(BASE as *const u8, (*header()).next - BASE) }
}

/// Of the class: its number, and the size of its blocks.
fn class(size: usize) -> (usize, usize) {
    let size = size.max(ALIGNMENT);
    if size <= SMALL {
        let index = size.div_ceil(ALIGNMENT);
        return (index - 1, index * ALIGNMENT);
    }
    let step = 1 << ((size - 1).ilog2() - 2);
    let steps = size.div_ceil(step);
    (SMALL / ALIGNMENT + 4 * (step * 4 / SMALL).ilog2() as usize + steps - 5, steps * step)
}

// SAFETY: blocks are disjoint parts of the arena; the process has one thread, and children that share its memory do
// not allocate.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (class, size) = class(layout.size());
        // SAFETY: the header is only used here, by one thread.
        unsafe {
            let header = header();
            let block = (*header).free[class];
            if !block.is_null() && layout.align() <= ALIGNMENT {
                (*header).free[class] = (*block).next;
                return block.cast();
            }
            let start = (*header).next.next_multiple_of(layout.align().max(ALIGNMENT));
            if start + size > (*header).end {
                let more = (start + size - (*header).end).next_multiple_of(SIZE);
                if !map((*header).end, more) {
                    return null_mut();
                }
                (*header).end += more;
            }
            (*header).next = start + size;
            start as *mut u8
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let (class, _) = class(layout.size());
        let block = pointer.cast::<Block>();
        // SAFETY: the block is as large as its class and nobody else's any more.
        unsafe {
            (*block).next = (*header()).free[class];
            (*header()).free[class] = block;
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let (old, new) = (class(layout.size()), class(new_size));
        if old == new {
            return pointer;
        }
        // SAFETY: as above; the new block is at least as large as what is copied.
        unsafe {
            // The last block grows where it is.
            let header = header();
            let is_last = pointer as usize + old.1 == (*header).next;
            if is_last && new.1 > old.1 && pointer as usize + new.1 <= (*header).end {
                (*header).next = pointer as usize + new.1;
                return pointer;
            }
            let copy = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
            if !copy.is_null() {
                copy.copy_from_nonoverlapping(pointer, layout.size().min(new_size));
                self.dealloc(pointer, layout);
            }
            copy
        }
    }
}
