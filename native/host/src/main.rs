//! The host: runs the bytecode that is embedded in it, with a few primitives that reach the kernel.
//!
//! It has no threads and no opinions. What the primitives are used for is decided in TypeScript.
#![no_main]

mod arch;
mod assemble;
mod bytes;
mod kernel;
mod modules;
mod spawn;

use std::ffi::{CStr, c_char, c_int};

use rquickjs::context::intrinsic;
use rquickjs::{CatchResultExt, Context, Ctx, Module, Runtime};

/// What the engine is given; what is not here (eval, Date, Proxy, WeakRef) the TypeScript does without.
type Intrinsics = (
    intrinsic::Json,
    intrinsic::MapSet,
    intrinsic::Promise,
    intrinsic::RegExp,
    intrinsic::RegExpCompiler,
    intrinsic::TypedArrays,
);

/// The exit status where the TypeScript itself is broken, so that it is never taken for a container's.
const BROKEN: c_int = 255;

/// `main` of C: the runtime of Rust would change the disposition of SIGPIPE, which containers inherit.
///
/// # Safety
/// `argv` and `environment` are NULL-terminated arrays of strings that live as long as the process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(
    _: c_int,
    argv: *const *const c_char,
    environment: *const *const c_char,
) -> c_int {
    // SAFETY: see above.
    let (arguments, environment) = unsafe { (strings(argv), strings(environment)) };
    let runtime = Runtime::new().expect("an engine");
    // A command lives for milliseconds: collecting or freeing what the exit frees costs more than it brings.
    runtime.set_gc_threshold(usize::MAX);
    runtime.set_loader(modules::Resolver, modules::Loader { arguments, environment });
    let context = Context::custom::<Intrinsics>(&runtime).expect("a context");
    context.with(|ctx| {
        if let Err(error) = run(&ctx).catch(&ctx) {
            eprintln!("runt: internal error: {error}");
        }
    });
    // The TypeScript ends with exit_group; who comes here has thrown, or waits for what will never come.
    std::process::exit(BROKEN)
}

fn run(ctx: &Ctx<'_>) -> rquickjs::Result<()> {
    Module::import(ctx, modules::ENTRY)?.finish::<()>()
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
