//! The host: an engine for TypeScript, with a few primitives that reach the kernel.
//!
//! It has no threads and no opinions. What the primitives are used for is decided in TypeScript. The engine is part
//! of the executable as it is after loading: the build has `host OUT HOT BYTECODE...` load the bytecode, and adds the memory
//! to the executable as a segment.
#![cfg_attr(not(test), no_main)]

mod arch;
// Tests have threads, and the allocator of the system.
#[cfg_attr(test, allow(dead_code))]
mod arena;
mod assemble;
mod bytes;
mod engine;
mod kernel;
mod memory;
mod modules;
mod spawn;
#[cfg(not(test))]
mod start;

use std::ffi::{CStr, OsStr, c_char, c_int};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::null_mut;
use std::{fs, io};

use engine::Engine;
use modules::Archive;

/// The exit status where the TypeScript itself is broken, so that it is never taken for that of a child.
const BROKEN: c_int = 255;

/// With an engine in the executable.
///
/// # Safety
/// `argv` and `environment` are NULL-terminated arrays of strings that live as long as the process.
#[cfg_attr(test, allow(dead_code))]
unsafe fn run(argv: *const *const c_char, environment: *const *const c_char) -> ! {
    // SAFETY: the build has made the segment with this very executable; see above.
    unsafe {
        let engine = arena::root::<Engine>();
        arena::populate(&engine.hot);
        engine.run(&strings(argv), &strings(environment));
        libc::_exit(BROKEN)
    }
}

/// Without one: `main` of C, for the build.
///
/// # Safety
/// As above.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn main(_: c_int, argv: *const *const c_char) -> c_int {
    if !arena::create() {
        return BROKEN;
    }
    // SAFETY: see above.
    build(&unsafe { strings(argv) }).map_or_else(
        |message| {
            eprintln!("{message}");
            BROKEN
        },
        |()| 0,
    )
}

/// Twice: without HOT, OUT is what HOT is to be the second time; then OUT is the memory.
fn build(arguments: &[&'static [u8]]) -> Result<(), String> {
    let paths: Vec<&Path> = arguments.iter().map(|argument| Path::new(OsStr::from_bytes(argument))).collect();
    let text = |error: io::Error| error.to_string();
    let [_, out, hot, files @ ..] = paths.as_slice() else {
        return Err("usage: host OUT HOT BYTECODE...".to_owned());
    };
    let hot = map(hot).map_err(text)?;
    if hot.is_empty() {
        arena::rehearse()
    } else {
        arena::sort(hot)
    }
    let archive = Archive::default();
    for file in files {
        archive.add(modules::name(file).ok_or("not a file name")?, map(file).map_err(text)?);
    }
    let engine = Box::leak(Box::new(Engine::load(archive)?));
    if hot.is_empty() {
        return fs::write(out, arena::hot_blocks(&engine.hot, &engine.read)).map_err(text);
    }
    arena::set_root(engine);
    fs::write(out, arena::contents()).map_err(text)
}

/// The file, outside of the arena.
fn map(path: &Path) -> io::Result<&'static [u8]> {
    let file = fs::File::open(path)?;
    let size = file.metadata()?.len() as usize;
    if size == 0 {
        return Ok(&[]);
    }
    // SAFETY: a new mapping, which is never taken away.
    let address =
        unsafe { libc::mmap(null_mut(), size, libc::PROT_READ, libc::MAP_PRIVATE, file.as_raw_fd(), 0) };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: see above.
    Ok(unsafe { std::slice::from_raw_parts(address.cast(), size) })
}

/// # Safety
/// `array` is NULL-terminated and its strings live as long as the process.
unsafe fn strings(mut array: *const *const c_char) -> Vec<&'static [u8]> {
    let mut all = Vec::new();
    // SAFETY: see above.
    unsafe {
        while !(*array).is_null() {
            all.push(CStr::from_ptr(*array).to_bytes());
            array = array.add(1);
        }
    }
    all
}
