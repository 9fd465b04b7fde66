//! The kernel as TypeScript sees it: one system call, and memory whose address it may know; and libseccomp, which knows it.

use std::ffi::CString;
use std::mem::transmute;

use rquickjs::prelude::Rest;
use rquickjs::{Ctx, Exception, Result, String as JsString, TypedArray, Value};

use crate::{arch, bytes};

/// `syscall(number, ...arguments)`: the kernel's raw answer, -errno on failure. An argument is a number, a bigint,
/// null, a byte string (passed NUL-terminated) or a Uint8Array (passed by address); undefined stands for 0, as null does.
pub fn syscall<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<f64> {
    with_words(&ctx, &arguments, |[number, arguments @ ..]| arch::syscall(number, arguments) as f64)
}

type Entry = unsafe extern "C" fn();
macro_rules! library {
    ($($name:ident)*) => {
        #[link(name = "seccomp")]
        unsafe extern "C" { $(fn $name();)* }
        const LIBRARY: &[Entry] = &[$($name),*];
    };
}

// The first two return a pointer, the others an int.
library! {
    seccomp_init seccomp_version seccomp_release seccomp_attr_set seccomp_arch_native seccomp_arch_add
    seccomp_syscall_resolve_name_arch seccomp_rule_add_array seccomp_export_bpf
}

/// `library(index, ...arguments)`: what the function at this place in the table returns. Arguments are those of `syscall`.
pub fn library<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<f64> {
    type Function = unsafe extern "C" fn(u64, u64, u64, u64, u64, u64) -> i64;
    with_words(&ctx, &arguments, |[index, a, b, c, d, e, f]| {
        // SAFETY: each takes integers and pointers, in registers; whether they are right is up to the TypeScript.
        let answer = unsafe { transmute::<Entry, Function>(LIBRARY[index as usize])(a, b, c, d, e, f) };
        if index < 2 { answer as f64 } else { f64::from(answer as i32) }
    })
}

/// Calls `body` while the strings among the arguments are where the words say.
fn with_words<'js>(
    ctx: &Ctx<'js>,
    arguments: &[Value<'js>],
    body: impl FnOnce([u64; 7]) -> f64,
) -> Result<f64> {
    if arguments.is_empty() || arguments.len() > 7 {
        return Err(Exception::throw_type(ctx, "a call has a number and at most six arguments"));
    }
    // The buffers of strings do not move when they are moved into the array.
    let mut strings: [Option<CString>; 7] = Default::default();
    let mut words = [0; 7];
    for (index, value) in arguments.iter().enumerate() {
        words[index] = match value.as_string() {
            Some(string) => strings[index].insert(bytes::to_c(string)?).as_ptr() as u64,
            None if value.is_undefined() => 0,
            None => word(ctx, value)?,
        };
    }
    Ok(body(words))
}

pub fn word<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<u64> {
    if let Some(number) = value.as_number() {
        return exact(ctx, number);
    }
    if let Some(big) = value.as_big_int() {
        return Ok(big.clone().to_i64()? as u64);
    }
    if value.is_null() {
        return Ok(0);
    }
    match TypedArray::<u8>::from_value(value.clone()) {
        Ok(array) => Ok(pointer(ctx, &array)?.0 as u64),
        Err(_) => Err(Exception::throw_type(ctx, "not an argument of a system call")),
    }
}

/// Rounding a descriptor, a size or an address silently would be a call about something else.
fn exact(ctx: &Ctx<'_>, number: f64) -> Result<u64> {
    const LIMIT: f64 = 9_007_199_254_740_992.0;
    if number.fract() != 0.0 || !(-LIMIT..=LIMIT).contains(&number) {
        return Err(Exception::throw_range(ctx, "a number for the kernel is not a safe integer"));
    }
    Ok(number as i64 as u64)
}

pub fn pointer<'js>(ctx: &Ctx<'js>, array: &TypedArray<'js, u8>) -> Result<(*mut u8, usize)> {
    let raw = array.as_raw().ok_or_else(|| Exception::throw_type(ctx, "the buffer is detached"))?;
    Ok((raw.cast().as_ptr(), raw.len()))
}

/// `address(buffer)`: where it lies, for pointers inside structures. The buffer must be kept by who uses it.
pub fn address<'js>(ctx: Ctx<'js>, array: TypedArray<'js, u8>) -> Result<f64> {
    Ok(pointer(&ctx, &array)?.0 as u64 as f64)
}

/// `encode(buffer, offset, string)`: writes the bytes and returns their number.
pub fn encode<'js>(
    ctx: Ctx<'js>,
    array: TypedArray<'js, u8>,
    offset: usize,
    text: JsString<'js>,
) -> Result<usize> {
    let text = bytes::from_js(&text)?;
    let (start, length) = pointer(&ctx, &array)?;
    if offset > length || text.len() > length - offset {
        return Err(Exception::throw_range(&ctx, "the string does not fit into the buffer"));
    }
    // SAFETY: the range was compared with the length of the buffer, and `text` is memory of its own.
    unsafe { start.add(offset).copy_from_nonoverlapping(text.as_ptr(), text.len()) };
    Ok(text.len())
}

/// `decode(buffer, from, to)`: the bytes as a byte string.
pub fn decode<'js>(
    ctx: Ctx<'js>,
    array: TypedArray<'js, u8>,
    from: usize,
    to: usize,
) -> Result<JsString<'js>> {
    // SAFETY: the borrow ends before any JavaScript runs again.
    match unsafe { array.as_bytes() }.and_then(|all| all.get(from..to)) {
        Some(found) => bytes::to_js(&ctx, found),
        None => Err(Exception::throw_range(&ctx, "the range is not inside the buffer")),
    }
}
