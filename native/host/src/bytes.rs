//! Byte strings: a JavaScript string whose characters are the bytes 0 to 255.
//!
//! Paths, arguments and environment strings are bytes on Linux. The engine's own conversion replaces what is not
//! UTF-8 and would name another file; this one is exact both ways or an error.

use std::ffi::CString;

use rquickjs::{Ctx, Exception, Result, String as JsString};

pub fn to_js<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<JsString<'js>> {
    match str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => JsString::from_str(ctx.clone(), text),
        _ => JsString::from_str(ctx.clone(), &bytes.iter().map(|&byte| char::from(byte)).collect::<String>()),
    }
}

pub fn from_js(string: &JsString<'_>) -> Result<Vec<u8>> {
    let text = string.to_string()?;
    if text.is_ascii() {
        return Ok(text.into_bytes());
    }
    let wide = |_| Exception::throw_type(string.ctx(), "a character beyond 255 is not a byte");
    text.chars().map(|character| u8::try_from(character).map_err(wide)).collect()
}

/// For the kernel, which ends a string at its first NUL.
pub fn to_c(string: &JsString<'_>) -> Result<CString> {
    CString::new(from_js(string)?)
        .map_err(|_| Exception::throw_type(string.ctx(), "a string for the kernel contains a NUL byte"))
}
