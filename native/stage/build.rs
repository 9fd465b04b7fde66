// The stage starts at its own `_start`, without libc and without a byte that it does not use: what is mapped
// is charged to whoever runs it.
fn main() {
    for argument in ["-nostartfiles", "-nostdlib", "-static", "-no-pie"] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    for option in ["--build-id=none", "-z,norelro", "-z,noseparate-code", "--no-eh-frame-hdr"] {
        println!("cargo::rustc-link-arg-bins=-Wl,{option}");
    }
}
