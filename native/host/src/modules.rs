//! The modules that TypeScript may import: its own, from the embedded bytecode, and `runt:host`.

use rquickjs::loader::{ImportAttributes, Loader as LoaderTrait, Resolver as ResolverTrait};
use rquickjs::module::{Declarations, Declared, Exports, ModuleDef};
use rquickjs::{Array, Ctx, Error, Function, Module, Result, TypedArray};

use crate::{assemble, bytes, kernel, spawn};

/// Written by the `bytecode` tool; the entry comes first.
static ARCHIVE: &[u8] = include_bytes!(env!("RUNT_BYTECODE"));
static STAGE: &[u8] = include_bytes!(env!("RUNT_STAGE"));
pub const ENTRY: &str = "main.js";
const HOST: &str = "runt:host";

pub struct Resolver;

impl ResolverTrait for Resolver {
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

pub struct Loader {
    pub arguments: Vec<&'static [u8]>,
    pub environment: Vec<&'static [u8]>,
}

impl LoaderTrait for Loader {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        if name == HOST {
            let globals = ctx.globals();
            globals.set("argv", strings(ctx, &self.arguments)?)?;
            globals.set("environ", strings(ctx, &self.environment)?)?;
            return Module::declare_def::<Host, _>(ctx.clone(), name);
        }
        let code = find(name).ok_or_else(|| Error::new_loading(name))?;
        // SAFETY: the bytecode was made by this very engine, at build time.
        unsafe { Module::load(ctx.clone(), code) }
    }
}

struct Host;

impl ModuleDef for Host {
    fn declare(declarations: &Declarations) -> Result<()> {
        include!("exports.rs").into_iter().try_for_each(|name| declarations.declare(name).map(drop))
    }

    fn evaluate<'js>(ctx: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        exports.export("syscall", Function::new(ctx.clone(), kernel::syscall)?)?;
        exports.export("address", Function::new(ctx.clone(), kernel::address)?)?;
        exports.export("encode", Function::new(ctx.clone(), kernel::encode)?)?;
        exports.export("decode", Function::new(ctx.clone(), kernel::decode)?)?;
        exports.export("assemble", Function::new(ctx.clone(), assemble::assemble)?)?;
        exports.export("spawn", Function::new(ctx.clone(), spawn::spawn)?)?;
        exports.export("stage", TypedArray::new_copy(ctx.clone(), STAGE)?)?;
        for name in ["argv", "environ"] {
            exports.export(name, ctx.globals().get::<_, Array>(name)?)?;
            ctx.globals().remove(name)?;
        }
        Ok(())
    }
}

fn strings<'js>(ctx: &Ctx<'js>, list: &[&[u8]]) -> Result<Array<'js>> {
    let array = Array::new(ctx.clone())?;
    for (index, string) in list.iter().enumerate() {
        array.set(index, bytes::to_js(ctx, string)?)?;
    }
    Ok(array)
}

fn find(name: &str) -> Option<&'static [u8]> {
    let mut rest = ARCHIVE;
    while let [a, b, c, d, e, f, g, h, tail @ ..] = rest {
        let (name_length, code_length) = (word([*a, *b, *c, *d]), word([*e, *f, *g, *h]));
        let (found, tail) = tail.split_at_checked(name_length)?;
        let (code, tail) = tail.split_at_checked(code_length)?;
        if found == name.as_bytes() {
            return Some(code);
        }
        rest = tail;
    }
    None
}

fn word(bytes: [u8; 4]) -> usize {
    u32::from_le_bytes(bytes) as usize
}
