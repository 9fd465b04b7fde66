//! The modules that TypeScript may import: its own, from bytecode, and `runt:host`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use rquickjs::loader::{self, ImportAttributes};
use rquickjs::module::{Declarations, Declared, Exports, ModuleDef};
use rquickjs::{Array, Ctx, Error, Function, Module, Result, TypedArray};

use crate::{assemble, kernel, spawn};

static STAGE: &[u8] = include_bytes!(env!("RUNT_STAGE"));
const EXPORTS: [&str; 10] =
    ["syscall", "library", "address", "encode", "decode", "assemble", "spawn", "argv", "environ", "stage"];
pub const ENTRY: &str = "main.js";
pub const HOST: &str = "runt:host";

pub struct Resolver;

impl loader::Resolver for Resolver {
    fn resolve<'js>(
        &mut self,
        _: &Ctx<'js>,
        _: &str,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        Ok(name.trim_start_matches("./").to_owned())
    }
}

/// By which it is imported: the name of the script that a file was made of.
pub fn name(path: &Path) -> Option<String> {
    path.with_extension("js").file_name()?.to_str().map(str::to_owned)
}

/// Compiled modules by name; each is taken out when it is loaded.
#[derive(Clone, Default)]
pub struct Archive(Rc<RefCell<HashMap<String, &'static [u8]>>>);

impl Archive {
    pub fn add(&self, name: String, code: &'static [u8]) {
        self.0.borrow_mut().insert(name, code);
    }

    /// What has not been loaded comes along in the arena.
    pub fn keep(&self) {
        for code in self.0.borrow_mut().values_mut() {
            *code = code.to_vec().leak();
        }
    }
}

pub struct Loader(pub Archive);

impl loader::Loader for Loader {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        if name == HOST {
            return Module::declare_def::<Host, _>(ctx.clone(), name);
        }
        let code = self.0.0.borrow_mut().remove(name).ok_or_else(|| Error::new_loading(name))?;
        // SAFETY: the bytecode was made by this very engine, at build time.
        unsafe { Module::load(ctx.clone(), code) }
    }
}

pub struct Host;

impl ModuleDef for Host {
    fn declare(declarations: &Declarations) -> Result<()> {
        EXPORTS.into_iter().try_for_each(|name| declarations.declare(name).map(drop))
    }

    fn evaluate<'js>(ctx: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        exports.export("syscall", Function::new(ctx.clone(), kernel::syscall)?)?;
        exports.export("library", Function::new(ctx.clone(), kernel::library)?)?;
        exports.export("address", Function::new(ctx.clone(), kernel::address)?)?;
        exports.export("encode", Function::new(ctx.clone(), kernel::encode)?)?;
        exports.export("decode", Function::new(ctx.clone(), kernel::decode)?)?;
        exports.export("assemble", Function::new(ctx.clone(), assemble::assemble)?)?;
        exports.export("spawn", Function::new(ctx.clone(), spawn::spawn)?)?;
        exports.export("stage", TypedArray::new_copy(ctx.clone(), STAGE)?)?;
        // Filled when the process starts.
        exports.export("argv", Array::new(ctx.clone())?)?;
        exports.export("environ", Array::new(ctx.clone())?)?;
        Ok(())
    }
}
