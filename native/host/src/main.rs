//! The host: an engine for TypeScript, with a few primitives that reach the kernel.
//!
//! It has no threads and no opinions. What the primitives are used for is decided in TypeScript. The engine is part
//! of the executable as it is after loading. The build makes it in two steps, `host compile SCRIPT...` and
//! `host load MEMORY BYTECODE...`, and adds the memory to the executable as a segment.
#![cfg_attr(not(test), no_main)]

mod arch;
// Tests have threads, and the allocator of the system.
#[cfg_attr(test, allow(dead_code))]
mod arena;
mod assemble;
mod bytes;
mod compile;
mod engine;
mod kernel;
mod modules;
mod spawn;

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

/// `main` of C: the runtime of Rust would change the disposition of SIGPIPE, which all children inherit.
///
/// # Safety
/// `argv` and `environment` are NULL-terminated arrays of strings that live as long as the process.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn main(
    _: c_int,
    argv: *const *const c_char,
    environment: *const *const c_char,
) -> c_int {
    let is_loaded = arena::is_mapped();
    if is_loaded {
        // SAFETY: the build has made the segment with `host load` of this very executable.
        arena::populate(unsafe { &arena::root::<Engine>().hot });
    } else if !arena::create() {
        return BROKEN;
    }
    // SAFETY: see above.
    let (arguments, environment) = unsafe { (strings(argv), strings(environment)) };
    if !is_loaded {
        return build(&arguments).map_or_else(
            |message| {
                eprintln!("{message}");
                BROKEN
            },
            |()| 0,
        );
    }
    // SAFETY: as above.
    unsafe { arena::root::<Engine>() }.run(&arguments, &environment);
    BROKEN
}

fn build(arguments: &[&'static [u8]]) -> Result<(), String> {
    let paths: Vec<&Path> = arguments.iter().map(|argument| Path::new(OsStr::from_bytes(argument))).collect();
    let text = |error: io::Error| error.to_string();
    match (arguments, paths.as_slice()) {
        ([_, b"compile", ..], [_, _, scripts @ ..]) => compile::compile_all(scripts),
        ([_, b"load", _, ..], [_, _, out, files @ ..]) => {
            let archive = Archive::default();
            for file in files {
                archive.add(modules::name(file).ok_or("not a file name")?, map(file).map_err(text)?);
            }
            let engine = Engine::load(archive)?;
            arena::set_root(Box::leak(Box::new(engine)));
            fs::write(out, arena::contents()).map_err(text)
        }
        _ => Err("usage: host compile SCRIPT... | host load MEMORY BYTECODE...".to_owned()),
    }
}

/// The file, outside of the arena.
fn map(path: &Path) -> io::Result<&'static [u8]> {
    let file = fs::File::open(path)?;
    let size = file.metadata()?.len() as usize;
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
