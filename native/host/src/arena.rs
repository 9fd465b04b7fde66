//! The memory of the engine: at one fixed address, so that a build can write it to a file with everything that was
//! loaded into it, and the kernel maps that file when the program starts.
//!
//! It is meant for programs that live for milliseconds: what is freed is kept for requests of the same class.

use std::alloc::{GlobalAlloc, Layout};
use std::ptr::null_mut;

use rquickjs::allocator::Allocator;

/// Far from the executable below it and from what mmap(2) hands out above it.
pub const BASE: usize = 0x1000_0000_0000;
/// Reserved, not used: the kernel gives a page when it is touched. tools/build.mjs says the same of the executable.
const SIZE: usize = 16 << 20;
const ALIGNMENT: usize = 8;
/// Classes of 8 bytes each up to this size, and four for each power of two beyond.
const SMALL: usize = 1024;
const CLASSES: usize = SMALL / ALIGNMENT + 4 * 32;

/// Where the blocks of a rehearsal lie, behind a word with their size, how far apart, and so how large they may be: the
/// kernel maps as much of a file at once as that. src/hot_pages.ts looks there.
const APART: usize = BASE + (64 << 20);
const STRIDE: usize = 16 * PAGE;
const PAGE: usize = 4096;
const SLOTS: usize = 1 << 17;
/// Reserved at build time.
const ROOM: usize = APART - BASE + SLOTS * STRIDE;

/// At the beginning of the arena, so that it is part of what is written to the file.
#[repr(C)]
struct Header {
    /// What `set_root` was given.
    root: *const (),
    /// Where new blocks come from.
    blocks: Blocks,
    /// At build time: where those come from that a process will write to, and those that it will only read. They lie
    /// together at the beginning, so that the process has few pages of its own, and few of the file.
    hot: Blocks,
    warm: Blocks,
    layout: Placement,
    /// Calls of the allocator at build time.
    count: usize,
}

#[repr(C)]
struct Blocks {
    next: usize,
    end: usize,
    free: [*mut Block; CLASSES],
}

enum Placement {
    /// One after the other: nothing is known.
    Plain,
    /// Far apart: which pages a rehearsal writes to tells which blocks it needs.
    Apart,
    /// Those with a bit in the first of these sets are hot, those with one in the second are warm.
    Sorted(&'static [u8], &'static [u8]),
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
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE | libc::MAP_NORESERVE;
    // SAFETY: the kernel refuses an address where something is.
    unsafe { libc::mmap(address as *mut _, size, protection, flags, -1, 0) as usize == address }
}

/// Maps an empty arena; a program without one cannot allocate. False if the address is not free.
pub fn create() -> bool {
    if !map(BASE, ROOM) {
        return false;
    }
    // SAFETY: zeros are a header with nothing to free and no root.
    unsafe {
        (*header()).blocks.next = BASE + size_of::<Header>().next_multiple_of(ALIGNMENT);
        (*header()).blocks.end = BASE + ROOM;
    }
    true
}

/// From now on blocks lie apart, for a rehearsal.
pub fn rehearse() {
    // SAFETY: the header is only used here, by one thread.
    unsafe { (*header()).layout = Placement::Apart }
}

/// What `sort` wants to know of the pages that a rehearsal has written to, and of those that it has read: the bytes of
/// their blocks, and the sets of these.
pub fn hot_blocks(written: &[[u32; 2]], read: &[[u32; 2]]) -> Vec<u8> {
    // SAFETY: as above.
    let size = unsafe { (*header()).count } / 8 + 1;
    let mut out = Vec::new();
    let mut known = vec![0; size];
    for runs in [written, read] {
        let (mut bytes, mut set) = (0, vec![0; size]);
        for page in runs.iter().flat_map(|[first, count]| *first..first + count) {
            let Some(offset) = (BASE + page as usize * PAGE).checked_sub(APART) else { continue };
            let (byte, bit) = (offset / STRIDE / 8, 1 << (offset / STRIDE % 8));
            if byte < size && known[byte] & bit == 0 {
                known[byte] |= bit;
                set[byte] |= bit;
                // SAFETY: `Apart` has written the size there.
                bytes += unsafe { *((APART + offset / STRIDE * STRIDE) as *const usize) };
            }
        }
        out.extend_from_slice(&usize::to_ne_bytes(bytes));
        out.extend_from_slice(&set);
    }
    out
}

/// From now on blocks lie as a rehearsal has shown: `hot` is what `hot_blocks` has said.
pub fn sort(hot: &'static [u8]) {
    let (hot, warm) = hot.split_at(hot.len() / 2);
    let (Some((hot_bytes, hot)), Some((warm_bytes, warm))) =
        (hot.split_first_chunk(), warm.split_first_chunk())
    else {
        return;
    };
    // SAFETY: as above.
    unsafe {
        let header = &mut *header();
        header.hot.next = header.blocks.next;
        header.hot.end = header.hot.next + usize::from_ne_bytes(*hot_bytes);
        header.warm.next = header.hot.end.next_multiple_of(PAGE);
        header.warm.end = header.warm.next + usize::from_ne_bytes(*warm_bytes);
        header.blocks.next = header.warm.end.next_multiple_of(PAGE);
        header.layout = Placement::Sorted(hot, warm);
    }
}

/// True if the kernel has mapped an arena with the executable: one of its segments begins at `BASE`.
pub fn is_mapped(segments: &[libc::Elf64_Phdr]) -> bool {
    segments.iter().any(|segment| segment.p_type == libc::PT_LOAD && segment.p_vaddr == BASE as u64)
}

/// Has the kernel make private copies of pages that a program will write to, which costs less than page faults. `runs` are
/// pairs: the first page, counted from the beginning of the arena, and a number of pages.
pub fn populate(runs: &[[u32; 2]]) {
    const MADV_POPULATE_WRITE: i32 = 23;
    for [first, count] in runs {
        let (start, size) = (BASE + *first as usize * PAGE, *count as usize * PAGE);
        // SAFETY: the arena is mapped; a kernel that does not know the advice (before 5.14) faults page by page.
        unsafe { libc::madvise(start as *mut _, size, MADV_POPULATE_WRITE) };
    }
}

/// All is loaded: from now on blocks come from where a process will take them. What was freed among the cold ones is left
/// alone, since it would cost a page each.
pub fn settle() {
    // SAFETY: as above.
    unsafe {
        let header = &mut *header();
        if matches!(header.layout, Placement::Apart) {
            share(header.count.min(SLOTS - 1));
        }
        header.layout = Placement::Plain;
        header.blocks.free = header.hot.free;
        (header.hot.end, header.warm.end) = (0, 0);
    }
}

/// Makes a mapping of a file of the blocks that lie apart: /proc/self/pagemap then tells what a child reads, too.
fn share(count: usize) {
    // SAFETY: nobody allocates or writes to a block meanwhile, and what is mapped is what was there.
    unsafe {
        let file = libc::memfd_create(c"arena".as_ptr(), libc::MFD_CLOEXEC);
        for number in 1..=count {
            let place = APART + number * STRIDE;
            let size = *(place as *const usize) + PAGE / 2;
            libc::pwrite(file, place as *const _, size, (number * STRIDE) as i64);
        }
        let size = (count + 1) * STRIDE;
        libc::ftruncate(file, size as i64);
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        libc::mmap(APART as *mut _, size, protection, libc::MAP_PRIVATE | libc::MAP_FIXED, file, 0);
    }
}

/// The object that a program finds when it starts with this arena.
pub fn set_root<T>(root: &'static T) {
    // SAFETY: the arena exists, since `root` is in it.
    unsafe {
        (*header()).root = (&raw const *root).cast();
        (*header()).blocks.end = BASE + SIZE;
    }
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
    unsafe { std::slice::from_raw_parts(BASE as *const u8, (*header()).blocks.next - BASE) }
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

impl Header {
    /// Null if there is no room.
    #[inline(always)]
    fn alloc(&mut self, class: usize, size: usize, align: usize) -> *mut u8 {
        match self.layout {
            Placement::Plain => self.blocks.alloc(class, size, align),
            _ => self.place(class, size, align),
        }
    }

    /// At build time.
    #[cold]
    fn place(&mut self, class: usize, size: usize, align: usize) -> *mut u8 {
        match self.layout {
            Placement::Apart if size < STRIDE - PAGE && self.count + 1 < SLOTS => {
                self.count += 1;
                let place = APART + self.count * STRIDE;
                // SAFETY: nobody else's, up to the next one.
                unsafe { *(place as *mut usize) = size };
                return (place + ALIGNMENT.max(align)) as *mut u8;
            }
            _ => self.count += 1,
        }
        if let Placement::Sorted(hot, warm) = self.layout {
            let is_in =
                |set: &[u8]| set.get(self.count / 8).is_some_and(|byte| byte >> (self.count % 8) & 1 == 1);
            let block = match (is_in(hot), is_in(warm)) {
                (true, _) => self.hot.alloc(class, size, align),
                (_, true) => self.warm.alloc(class, size, align),
                _ => null_mut(),
            };
            if !block.is_null() {
                return block;
            }
        }
        self.blocks.alloc(class, size, align)
    }
}

impl Blocks {
    #[inline(always)]
    fn alloc(&mut self, class: usize, size: usize, align: usize) -> *mut u8 {
        let block = self.free[class];
        if !block.is_null() && align <= ALIGNMENT {
            // SAFETY: what is free is a block, and nobody else's.
            self.free[class] = unsafe { (*block).next };
            return block.cast();
        }
        let start = self.next.next_multiple_of(align.max(ALIGNMENT));
        if start + size > self.end {
            return null_mut();
        }
        self.next = start + size;
        start as *mut u8
    }
}

/// Null if there is no memory.
#[inline(always)]
fn alloc(size: usize, align: usize) -> *mut u8 {
    let (class, size) = class(size);
    // SAFETY: the header is only used here, by one thread.
    let header = unsafe { &mut *header() };
    let block = header.alloc(class, size, align);
    if block.is_null() { grow(header, class, size, align) } else { block }
}

#[cold]
fn grow(header: &mut Header, class: usize, size: usize, align: usize) -> *mut u8 {
    let more = (size * 2).next_multiple_of(SIZE);
    if !map(header.blocks.end, more) {
        return null_mut();
    }
    header.blocks.end += more;
    header.alloc(class, size, align)
}

/// # Safety
/// The block is of this class, and nobody else's any more.
#[inline(always)]
unsafe fn free(block: *mut u8, class: usize) {
    // SAFETY: see above.
    unsafe {
        let header = &mut *header();
        let blocks = match block as usize {
            place if place < header.hot.end => &mut header.hot,
            place if place < header.warm.end => &mut header.warm,
            _ => &mut header.blocks,
        };
        let block = block.cast::<Block>();
        (*block).next = blocks.free[class];
        blocks.free[class] = block;
    }
}

/// The last block grows where it is.
///
/// # Safety
/// The block is of the first size.
unsafe fn grows(block: *mut u8, size: usize, new_size: usize) -> bool {
    // SAFETY: the header is only used here, by one thread.
    let header = unsafe { &mut *header() };
    let is_last = block as usize + size == header.blocks.next && matches!(header.layout, Placement::Plain);
    let grows = is_last && new_size > size && block as usize + new_size <= header.blocks.end;
    if grows {
        header.blocks.next = block as usize + new_size;
    }
    grows
}

// SAFETY: blocks are disjoint parts of the arena; the process has one thread, and children that share its memory do
// not allocate.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        alloc(layout.size(), layout.align())
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { free(pointer, class(layout.size()).0) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let (old, new) = (class(layout.size()), class(new_size));
        // SAFETY: as the caller promises; the new block is at least as large as what is copied.
        unsafe {
            if old == new || grows(pointer, old.1, new.1) {
                return pointer;
            }
            let copy = alloc(new_size, layout.align());
            if !copy.is_null() {
                copy.copy_from_nonoverlapping(pointer, layout.size().min(new_size));
                free(pointer, old.0);
            }
            copy
        }
    }
}

/// For the engine, which does not say how large a block is that it gives back: a word before it does.
pub struct Memory;

const WORD: usize = size_of::<usize>();

impl Memory {
    /// The block with its word, and its size.
    unsafe fn of(pointer: *mut u8) -> (*mut u8, usize) {
        // SAFETY: `alloc` has written the word.
        unsafe {
            let block = pointer.sub(WORD);
            (block, block.cast::<usize>().read())
        }
    }
}

// SAFETY: as above; blocks are aligned like the word before them.
unsafe impl Allocator for Memory {
    #[inline(always)]
    fn alloc(&mut self, size: usize) -> *mut u8 {
        let size = size + WORD;
        let block = alloc(size, ALIGNMENT);
        if block.is_null() {
            return block;
        }
        // SAFETY: the block begins with the word.
        unsafe {
            block.cast::<usize>().write(size);
            block.add(WORD)
        }
    }

    fn calloc(&mut self, count: usize, size: usize) -> *mut u8 {
        let Some(size) = count.checked_mul(size) else { return null_mut() };
        let block = self.alloc(size);
        if !block.is_null() {
            // SAFETY: the block is as large.
            unsafe { block.write_bytes(0, size) };
        }
        block
    }

    unsafe fn dealloc(&mut self, pointer: *mut u8) {
        // SAFETY: as the caller promises.
        unsafe {
            let (block, size) = Memory::of(pointer);
            free(block, class(size).0);
        }
    }

    unsafe fn realloc(&mut self, pointer: *mut u8, size: usize) -> *mut u8 {
        // SAFETY: as the caller promises.
        unsafe {
            let (block, old) = Memory::of(pointer);
            let layout = Layout::from_size_align_unchecked(old, ALIGNMENT);
            let block = GlobalAlloc::realloc(&ARENA, block, layout, size + WORD);
            if block.is_null() {
                return block;
            }
            block.cast::<usize>().write(size + WORD);
            block.add(WORD)
        }
    }

    unsafe fn usable_size(pointer: *mut u8) -> usize {
        // SAFETY: as the caller promises.
        unsafe { Memory::of(pointer).1 - WORD }
    }
}
