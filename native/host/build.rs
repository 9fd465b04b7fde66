// What a command needs of the engine lies together in the executable: fewer pages of it are mapped, which costs time and
// memory. The list is what valgrind(1) saw being called (`npm run order`); a name that is gone does no harm.
fn main() {
    let list = "hot-symbols.txt";
    let directory = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    println!("cargo::rerun-if-changed={list}");
    println!("cargo::rustc-link-arg-bins=-Wl,--symbol-ordering-file={directory}/{list}");
    println!("cargo::rustc-link-arg-bins=-Wl,--no-warn-symbol-ordering");
}
