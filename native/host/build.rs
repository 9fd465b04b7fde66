// What a command needs of the engine lies together in the executable: fewer pages of it are mapped, which costs time and
// memory. The list is what valgrind(1) saw being called (`npm run order`); a name that is gone does no harm.
fn main() {
    let directory = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let link = |option: &str| println!("cargo::rustc-link-arg-bins=-Wl,{option}");
    println!("cargo::rerun-if-changed={directory}");
    link(&format!("--symbol-ordering-file={directory}/hot-symbols.txt"));
    link("--no-warn-symbol-ordering");
    // Tests are linked dynamically, and start as usual.
    if std::env::var("CARGO_CFG_TARGET_FEATURE").is_ok_and(|features| features.contains("crt-static")) {
        link("--entry=start");
        link(&format!("--script={directory}/no-unwinding.ld"));
    }
}
