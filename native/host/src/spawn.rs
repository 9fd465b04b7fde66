//! A new process that makes a list of system calls and executes a file, without copying this one's memory.
//!
//! It is cloned by an intermediate one, so that the engine goes on while the kernel makes the process and loads the
//! file. Both share the memory until they end or execute. They run no JavaScript, allocate nothing and touch only
//! their own stacks and the `Task`, which is never freed: they may still read it when this process has forgotten it.

use std::ffi::{c_char, c_void};

use rquickjs::{Array, Ctx, Exception, Function, Object, Result, String as JsString, TypedArray};

use crate::arch::{clone3, syscall};
use crate::{bytes, kernel};

const STACK: usize = 32 << 10;
/// Offsets in `struct clone_args`, clone3(2).
const FLAGS: usize = 0;
const EXIT_SIGNAL: usize = 32;
const STACK_ADDRESS: usize = 40;
const STACK_SIZE: usize = 48;
/// CLONE_INTO_CGROUP, and where its descriptor is.
const CLONE_INTO: u64 = 0x2_0000_0000;
const PLACE: usize = 80;
/// What a failed child says of itself: the index of the call, or this for execveat.
const EXECVEAT: i32 = -1;

/// A call: its number and its arguments.
type Call = [u64; 7];

struct Task {
    /// Made by the intermediate, before it clones the process.
    before: Vec<Call>,
    /// Made by the process itself, before it executes.
    after: Vec<Call>,
    clone_args: Vec<u64>,
    executable: u64,
    argv: Vec<*const c_char>,
    environment: [*const c_char; 1],
    /// Two words of the caller's: which call failed, and its errno.
    status: *mut i32,
    pid: i64,
}

/// `spawn({cloneArgs, before, goesFirst, after, executable, argv, status, direct})`: starts, and returns a function that waits until
/// the process has been cloned and returns its pid, or -errno. `before` and `after` are seven u64 for each call, as
/// bytes; `status` is two i32; `direct` is for what only our own child inherits, and allows no `before`. `goesFirst`: the
/// intermediate goes first where the process shall be, since `before` may cost the privilege to. `elsewhere`: the processors that
/// the intermediate begins on.
pub fn spawn<'js>(ctx: Ctx<'js>, request: Object<'js>) -> Result<Function<'js>> {
    let task = Box::leak(Box::new(read(&ctx, &request)?));
    if request.get("direct")? {
        let pid = task.clone_process() as f64;
        return Function::new(ctx, move || pid);
    }
    task.clone_args[FLAGS / 8] |= libc::CLONE_PARENT as u64;
    let mut clone_args = vec![0; task.clone_args.len()];
    // The descriptors are shared: that of the process is made in our table.
    clone_args[FLAGS / 8] = (libc::CLONE_VM | libc::CLONE_FILES) as u64;
    if request.get("goesFirst")? {
        let place = task.clone_args[FLAGS / 8] & CLONE_INTO;
        task.clone_args[FLAGS / 8] &= !place;
        clone_args[FLAGS / 8] |= place;
        clone_args[PLACE / 8] = task.clone_args[PLACE / 8];
    }
    clone_args[EXIT_SIGNAL / 8] = libc::SIGCHLD as u64;
    give_stack(&mut clone_args);
    let task = &raw mut *task;
    let size = size_of_val(&*clone_args);
    // SAFETY: the stack is new, and the task is never freed.
    let intermediate = unsafe { clone3(clone_args.as_ptr().cast(), size, prepare, task.cast_const().cast()) };
    if let Some(mask) = request.get::<_, Option<TypedArray<u8>>>("elsewhere")? {
        let (mask, size) = kernel::pointer(&ctx, &mask)?;
        syscall(libc::SYS_sched_setaffinity as u64, [intermediate as u64, size as u64, mask as u64, 0, 0, 0]);
    }
    Function::new(ctx, move || settle(intermediate, task))
}

/// The pid of the process, when the intermediate has exited.
fn settle(intermediate: i64, task: *const Task) -> f64 {
    if intermediate < 0 {
        return intermediate as f64;
    }
    while syscall(libc::SYS_wait4 as u64, [intermediate as u64, 0, libc::__WALL as u64, 0, 0, 0])
        == -i64::from(libc::EINTR)
    {}
    // SAFETY: nobody writes any more. The read is volatile since the compiler saw no writer.
    unsafe { (&raw const (*task).pid).read_volatile() as f64 }
}

fn read<'js>(ctx: &Ctx<'js>, request: &Object<'js>) -> Result<Task> {
    let mut clone_args = words(ctx, request, "cloneArgs")?;
    let status: TypedArray<u8> = request.get("status")?;
    let (status, length) = kernel::pointer(ctx, &status)?;
    if clone_args.len() * 8 < PLACE + 8 || length < 8 {
        return Err(Exception::throw_range(ctx, "cloneArgs or status is too short"));
    }
    give_stack(&mut clone_args);
    let mut argv = Vec::new();
    for argument in request.get::<_, Array>("argv")?.iter::<JsString>() {
        argv.push(bytes::to_c(&argument?)?.into_raw().cast_const());
    }
    argv.push(std::ptr::null());
    Ok(Task {
        before: words(ctx, request, "before")?.as_chunks::<7>().0.to_vec(),
        after: words(ctx, request, "after")?.as_chunks::<7>().0.to_vec(),
        clone_args,
        executable: request.get::<_, i32>("executable")? as u64,
        argv,
        environment: [std::ptr::null()],
        status: status.cast(),
        pid: -i64::from(libc::ECHILD),
    })
}

fn words<'js>(ctx: &Ctx<'js>, request: &Object<'js>, name: &str) -> Result<Vec<u64>> {
    let array: TypedArray<u8> = request.get(name)?;
    let (start, length) = kernel::pointer(ctx, &array)?;
    // SAFETY: the slice is read before any JavaScript runs again.
    let bytes = unsafe { std::slice::from_raw_parts(start, length) };
    Ok(bytes.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).collect())
}

fn give_stack(clone_args: &mut [u64]) {
    // Not initialized: most of it is never touched.
    let stack = Box::leak(Box::<[u128]>::new_uninit_slice(STACK / 16));
    clone_args[STACK_ADDRESS / 8] = stack.as_ptr() as u64;
    clone_args[STACK_SIZE / 8] = STACK as u64;
}

impl Task {
    fn clone_process(&self) -> i64 {
        let size = size_of_val(&*self.clone_args);
        // SAFETY: the stack was made for this one call, and the task is never freed.
        unsafe { clone3(self.clone_args.as_ptr().cast(), size, execute, (&raw const *self).cast()) }
    }
}

/// # Safety
/// `argument` is a leaked `Task`, which nobody else uses until this process has exited.
unsafe extern "C" fn prepare(argument: *const c_void) -> ! {
    let task = argument.cast::<Task>().cast_mut();
    // SAFETY: see above.
    unsafe {
        make(&(*task).before, (*task).status);
        (&raw mut (*task).pid).write_volatile((*task).clone_process());
    }
    exit()
}

/// # Safety
/// `argument` is a leaked `Task`.
unsafe extern "C" fn execute(argument: *const c_void) -> ! {
    // SAFETY: see above.
    let task = unsafe { &*argument.cast::<Task>() };
    make(&task.after, task.status);
    let environment = task.environment.as_ptr() as u64;
    let empty = c"".as_ptr() as u64;
    let flags = libc::AT_EMPTY_PATH as u64;
    let arguments = [task.executable, empty, task.argv.as_ptr() as u64, environment, flags, 0];
    fail(task.status, EXECVEAT, syscall(libc::SYS_execveat as u64, arguments))
}

fn make(calls: &[Call], status: *mut i32) {
    for (index, [number, arguments @ ..]) in calls.iter().enumerate() {
        let result = syscall(*number, *arguments);
        if (-4095..0).contains(&result) {
            fail(status, index as i32, result);
        }
    }
}

fn fail(status: *mut i32, call: i32, result: i64) -> ! {
    // SAFETY: the caller of `spawn` keeps the two words until the process has executed or ended.
    unsafe {
        status.write_volatile(call);
        status.add(1).write_volatile(-result as i32);
    }
    exit()
}

fn exit() -> ! {
    loop {
        syscall(libc::SYS_exit as u64, [127, 0, 0, 0, 0, 0]);
    }
}
